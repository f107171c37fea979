package bayeux_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"wake/bayeux"
)

var soak = flag.Duration("soak", 3*time.Second, "how long TestSoak has clients come and go")

// TestSoak has clients come, go, stall and vanish while messages are published,
// and wants nothing left over: no client, subscription, socket, descriptor,
// goroutine or memory.
//
//	go test -run Soak -soak 10m -timeout 15m ./bayeux
func TestSoak(t *testing.T) {
	s := newServer(t, bayeux.Options{
		PingInterval: 300 * time.Millisecond, PongTimeout: 300 * time.Millisecond, Timeout: 500 * time.Millisecond,
		ResumeTimeout: 300 * time.Millisecond, MaxInterval: time.Second, HandshakeTimeout: 500 * time.Millisecond, MaxQueue: 100,
	})
	url := serve(t, s)
	var begun, ended atomic.Int64
	s.On(func(e bayeux.Event) {
		if e.Kind == bayeux.EventHandshake {
			begun.Add(1)
		} else {
			ended.Add(1)
		}
	}, bayeux.EventHandshake, bayeux.EventDisconnect)

	load := func(d time.Duration) {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(i), 1))
				for ctx.Err() == nil {
					if i%4 == 0 {
						pollingVisit(ctx, url, r)
					} else {
						socketVisit(ctx, url, r)
					}
				}
			})
		}
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				_, _ = s.Publish(ctx, fmt.Sprintf("/room/%d", i%5), strings.Repeat("x", 100+i%7000))
				if i%20 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		})
		wg.Wait()
		eventually(t, "all are gone", func() bool {
			st := s.Stats()
			return st.Clients == 0 && st.Sockets == 0 && st.Subscriptions == 0 && st.Queued == 0 && st.Waiting == 0
		})
		http.DefaultClient.CloseIdleConnections()
	}
	load(time.Second) // pools and maps take their size
	before := resources()
	load(*soak)
	var after usage
	eventually(t, "resources are given back", func() bool {
		after = resources()
		return after.goroutines <= before.goroutines && after.files <= before.files
	})
	if after.heap > before.heap+4<<20 {
		t.Errorf("heap grew from %d to %d bytes", before.heap, after.heap)
	}
	for name, n := range s.Stats().ClientsBy {
		if n != 0 {
			t.Errorf("%d clients counted on %s", n, name)
		}
	}
	eventually(t, "every begin has its end", func() bool { return begun.Load() == ended.Load() })
	t.Logf("%d clients in %v; goroutines %d -> %d, files %d -> %d, heap %d -> %d KiB, %d messages dropped",
		begun.Load(), *soak, before.goroutines, after.goroutines, before.files, after.files, before.heap>>10, after.heap>>10, s.Stats().Drops)
}

type usage struct {
	goroutines, files int
	heap              uint64
}

func resources() usage {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd") // where there is none, none is counted
	return usage{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}

// socketVisit is one websocket client's life.
func socketVisit(ctx context.Context, url string, r *rand.Rand) {
	nc, _, _, err := ws.Dial(ctx, "ws"+strings.TrimPrefix(url, "http"))
	if err != nil {
		return
	}
	defer func() { _ = nc.Close() }()
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	send := func(format string, args ...any) { _ = wsutil.WriteClientText(nc, fmt.Appendf(nil, format, args...)) }
	if r.IntN(10) == 0 {
		time.Sleep(time.Duration(r.IntN(50)) * time.Millisecond)
		return // came for nothing
	}
	send(`[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"],"ext":{"ack":%v}}]`, r.IntN(3) == 0)
	b, _, err := wsutil.ReadServerData(nc)
	if err != nil {
		return
	}
	id := clientID(string(b))
	send(`[{"channel":"/meta/subscribe","clientId":%q,"subscription":["/room/%d","/room/*"]},{"channel":"/meta/connect","clientId":%[1]q,"connectionType":"websocket"}]`, id, r.IntN(5))
	end := time.Now().Add(time.Duration(r.IntN(400)) * time.Millisecond)
	switch r.IntN(4) {
	case 0: // stalls: reads nothing, until the server has had enough
		_ = nc.SetReadDeadline(time.Now().Add(5 * time.Second))
		time.Sleep(time.Duration(r.IntN(1500)) * time.Millisecond)
		_, _ = io.Copy(io.Discard, io.LimitReader(nc, 1<<20))
	case 1: // vanishes
		time.Sleep(time.Until(end))
		if tcp, ok := nc.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	default:
		for time.Now().Before(end) && ctx.Err() == nil {
			b, _, err := wsutil.ReadServerData(nc)
			if err != nil {
				return
			}
			if strings.Contains(string(b), `"/meta/connect"`) {
				send(`[{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket"}]`, id)
			}
		}
		if r.IntN(2) == 0 {
			send(`[{"channel":"/meta/disconnect","clientId":%q}]`, id)
		}
	}
}

// pollingVisit is one long-polling client's life.
func pollingVisit(ctx context.Context, url string, r *rand.Rand) {
	jar, _ := cookiejar.New(nil)
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	c := &http.Client{Jar: jar, Transport: tr, Timeout: 5 * time.Second}
	post := func(ctx context.Context, format string, args ...any) string {
		q, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(fmt.Sprintf(format, args...)))
		if err != nil {
			return ""
		}
		q.Header.Set("Content-Type", "application/json")
		res, err := c.Do(q)
		if err != nil {
			return ""
		}
		defer func() { _ = res.Body.Close() }()
		b, _ := io.ReadAll(res.Body)
		return string(b)
	}
	id := clientID(post(ctx, `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`))
	post(ctx, `[{"channel":"/meta/subscribe","clientId":%q,"subscription":"/room/%d"}]`, id, r.IntN(5))
	for range r.IntN(10) {
		short, cancel := context.WithTimeout(ctx, time.Duration(1+r.IntN(100))*time.Millisecond)
		post(short, `[{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}]`, id)
		cancel()
	}
	if r.IntN(2) == 0 {
		post(ctx, `[{"channel":"/meta/disconnect","clientId":%q}]`, id)
	}
}
