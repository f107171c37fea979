package main

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"wake/bayeux"
	"wake/store"
	"wake/tracker"
)

// newMetrics is what /metrics shows. Everything is read from counters that
// the parts keep anyway, so a request pays nothing for being measured.
func newMetrics(c *tracker.Collector, b *store.Batcher, hub *bayeux.Server) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	counter := func(name, help string, read func() int64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(read()) }))
	}
	labelled := func(name, help, label, value string, read func() int64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: name, Help: help, ConstLabels: prometheus.Labels{label: value},
		}, func() float64 { return float64(read()) }))
	}
	gauge := func(name, help string, read func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}

	const hits, hitsHelp = "wake_hits_total", "Hits by how they were answered."
	labelled(hits, hitsHelp, "outcome", "stored", c.Counters.Hits.Load)
	labelled(hits, hitsHelp, "outcome", "excluded", c.Counters.Excluded.Load)
	labelled(hits, hitsHelp, "outcome", "refused", c.Counters.Refused.Load)
	labelled(hits, hitsHelp, "outcome", "limited", c.Counters.Limited.Load)
	labelled(hits, hitsHelp, "outcome", "failed", c.Counters.Failed.Load)
	counter("wake_events_total", "Durable events, repeated ones included.", c.Counters.Events.Load)
	counter("wake_events_refused_total", "Single events refused in hits that were taken.", c.Counters.Items.Load)

	counter("wake_store_commits_total", "Transactions of the collector.", func() int64 { return b.Stats().Commits })
	counter("wake_store_records_total", "Records in those transactions.", func() int64 { return b.Stats().Records })
	counter("wake_store_retries_total", "Attempts to write that failed for a passing reason.", func() int64 { return b.Stats().Retries })
	counter("wake_store_refused_total", "Records turned away: too many waiting, or the database away too long.", func() int64 { return b.Stats().Refused })
	gauge("wake_store_waiting_records", "Records that wait to be written.", func() float64 { return float64(b.Stats().Waiting) })
	gauge("wake_store_waiting_bytes", "About the memory they hold.", func() float64 { return float64(b.Stats().WaitingBytes) })
	r.MustRegister(hubMetrics{hub})
	return r
}

// metricsHandler serves the registry, behind a token if there is one.
func metricsHandler(r *prometheus.Registry, token string) http.Handler {
	h := promhttp.HandlerFor(r, promhttp.HandlerOpts{})
	if token == "" {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, given, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="wake"`)
			http.Error(w, "metrics need the token", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, req)
	})
}

// hubMetrics reads the hub's counters once a scrape.
type hubMetrics struct{ hub *bayeux.Server }

var (
	hubClients       = prometheus.NewDesc("wake_hub_clients", "Clients of the hub, now.", []string{"transport"}, nil)
	hubSockets       = prometheus.NewDesc("wake_hub_sockets", "Open websockets, now.", nil, nil)
	hubSubscriptions = prometheus.NewDesc("wake_hub_subscriptions", "Subscriptions, now.", nil, nil)
	hubQueued        = prometheus.NewDesc("wake_hub_queued_messages", "Messages that wait in the fan-out, now.", nil, nil)
	hubWaiting       = prometheus.NewDesc("wake_hub_waiting_messages", "Messages in clients' queues, now.", nil, nil)
	hubIn            = prometheus.NewDesc("wake_hub_messages_in_total", "Messages received.", []string{"transport"}, nil)
	hubOut           = prometheus.NewDesc("wake_hub_messages_out_total", "Events delivered.", []string{"transport"}, nil)
	hubPublished     = prometheus.NewDesc("wake_hub_published_total", "Messages accepted for delivery.", nil, nil)
	hubDrops         = prometheus.NewDesc("wake_hub_drops_total", "Messages conflated away, or that overflowed a queue.", nil, nil)
	hubErrors        = prometheus.NewDesc("wake_hub_errors_total", "Messages refused.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m hubMetrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m hubMetrics) Collect(ch chan<- prometheus.Metric) {
	s := m.hub.Stats()
	one := func(d *prometheus.Desc, t prometheus.ValueType, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, t, float64(n), labels...)
	}
	by := func(d *prometheus.Desc, t prometheus.ValueType, all map[bayeux.Transport]int64) {
		for transport, n := range all {
			one(d, t, n, string(transport))
		}
	}
	by(hubClients, prometheus.GaugeValue, s.ClientsBy)
	by(hubIn, prometheus.CounterValue, s.In)
	by(hubOut, prometheus.CounterValue, s.Out)
	one(hubSockets, prometheus.GaugeValue, s.Sockets)
	one(hubSubscriptions, prometheus.GaugeValue, s.Subscriptions)
	one(hubQueued, prometheus.GaugeValue, s.Queued)
	one(hubWaiting, prometheus.GaugeValue, s.Waiting)
	one(hubPublished, prometheus.CounterValue, s.Published)
	one(hubDrops, prometheus.CounterValue, s.Drops)
	one(hubErrors, prometheus.CounterValue, s.Errors)
}
