package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"wake/api"
	"wake/bayeux"
	"wake/bayeux/memory"
	"wake/store"
	"wake/tracker/wire"
	"wake/web"
)

// hubConfig is what `wake serve` was told about the hub.
type hubConfig struct {
	Open      []string // patterns on which anyone may subscribe and publish
	AuthToken string   // what backends may send as ext.auth_token, beside API keys
	TokenKey  string   // signs channel tokens; "" none are taken
	Timeout   time.Duration
	Dialect   bayeux.Dialect
	File      hubFile
}

// hubFile is the configuration file of the hub.
type hubFile struct {
	Rules   []bayeux.Rule `json:"rules"`
	History []struct {
		Pattern  string `json:"pattern"`
		Messages int    `json:"messages"`
		Age      string `json:"age"` // such as "10m"
	} `json:"history"`
}

func hubFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "hub-open", Usage: "channel pattern on which anyone may subscribe and publish (repeatable)"},
		&cli.StringFlag{Name: "hub-config", Usage: "JSON file with the hub's rules and history, see docs/hub.md"},
		&cli.StringFlag{Name: "hub-auth-token", Usage: "secret that backends may send as ext.auth_token (API keys of scope write always work)", Sources: secretEnv("hub-auth-token")},
		&cli.StringFlag{Name: "hub-token-key", Usage: "key that signs channel tokens", Sources: secretEnv("hub-token-key")},
		&cli.DurationFlag{Name: "hub-timeout", Value: 45 * time.Second, Usage: "how long a poll is held"},
		&cli.StringFlag{Name: "hub-dialect", Value: "faye", Usage: "error texts as in faye or cometd"},
	}
}

func newHubConfig(c *cli.Command) (hubConfig, error) {
	cfg := hubConfig{
		Open: c.StringSlice("hub-open"), AuthToken: c.String("hub-auth-token"), TokenKey: c.String("hub-token-key"),
		Timeout: c.Duration("hub-timeout"), Dialect: bayeux.Dialect(c.String("hub-dialect")),
	}
	switch {
	case cfg.Dialect != bayeux.DialectFaye && cfg.Dialect != bayeux.DialectCometD:
		return cfg, fmt.Errorf("--hub-dialect %s: it is faye or cometd", cfg.Dialect)
	case cfg.Timeout < time.Second || cfg.Timeout > 10*time.Minute:
		return cfg, fmt.Errorf("--hub-timeout %s: it is 1s to 10m", cfg.Timeout)
	case cfg.TokenKey != "" && len(cfg.TokenKey) < 16:
		return cfg, fmt.Errorf("--hub-token-key: at least 16 bytes")
	}
	file := c.String("hub-config")
	if file == "" {
		return cfg, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return cfg, fmt.Errorf("--hub-config: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&cfg.File); err != nil {
		return cfg, fmt.Errorf("--hub-config %s: %w", file, err)
	}
	return cfg, nil
}

// newHub is the hub, with whom the rules let in.
func newHub(ctx context.Context, cfg config, keys *api.Keys) (*bayeux.Server, error) {
	rules := &bayeux.Rules{List: cfg.Hub.File.Rules}
	for _, pattern := range cfg.Hub.Open {
		rules.List = append(rules.List, bayeux.OpenRule(pattern))
	}
	if cfg.Hub.AuthToken != "" {
		rules.Backends = [][32]byte{bayeux.HashToken(cfg.Hub.AuthToken)}
	}
	if cfg.Hub.TokenKey != "" {
		rules.TokenKeys = [][]byte{[]byte(cfg.Hub.TokenKey)}
	}
	if err := rules.Validate(); err != nil {
		return nil, err
	}
	retention := make([]bayeux.RetentionRule, 0, len(cfg.Hub.File.History))
	for _, h := range cfg.Hub.File.History {
		age, err := time.ParseDuration(h.Age)
		if h.Age != "" && err != nil {
			return nil, fmt.Errorf("--hub-config: history of %s: %w", h.Pattern, err)
		}
		if !bayeux.ValidPattern(h.Pattern) || h.Messages < 1 {
			return nil, fmt.Errorf("--hub-config: history of %q: a channel pattern and a number of messages", h.Pattern)
		}
		retention = append(retention, bayeux.RetentionRule{Pattern: h.Pattern, Retention: bayeux.Retention{Size: h.Messages, TTL: age}})
	}
	proxies := wire.Proxies(cfg.TrustedProxies)
	return bayeux.New(ctx, bayeux.Options{
		Engine: memory.New(), Policy: keyPolicy{rules, keys}, Timeout: cfg.Hub.Timeout, Dialect: cfg.Hub.Dialect,
		Retention: retention, ClientAddr: proxies.Client, ClientFiles: fayeClient{}, Log: cfg.Log,
	})
}

// keyPolicy also takes an API key for a backend's ext.auth_token.
type keyPolicy struct {
	*bayeux.Rules
	keys *api.Keys
}

func (p keyPolicy) CanSubscribe(ctx context.Context, req *bayeux.Request, m *bayeux.Message, channel string) error {
	if p.hasKey(ctx, m) {
		return nil
	}
	return p.Rules.CanSubscribe(ctx, req, m, channel)
}

func (p keyPolicy) CanPublish(ctx context.Context, req *bayeux.Request, m *bayeux.Message) error {
	if p.hasKey(ctx, m) {
		return nil
	}
	return p.Rules.CanPublish(ctx, req, m)
}

func (p keyPolicy) hasKey(ctx context.Context, m *bayeux.Message) bool {
	var key string
	if json.Unmarshal(m.ExtField("auth_token"), &key) != nil {
		return false
	}
	return p.keys.Allows(ctx, key, store.ScopeWrite)
}

// fayeClient is the file system of the hub's browser client.
type fayeClient struct{}

func (fayeClient) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (fayeClient) ReadFile(name string) ([]byte, error) {
	if name != "faye-browser-min.js" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return web.FayeClient()
}

// mountHub puts the hub where Faye and CometD clients expect one.
func mountHub(mux *http.ServeMux, hub *bayeux.Server) {
	for _, at := range []string{"/bayeux", "/faye"} {
		mux.Handle(at, hub)
		mux.Handle(at+"/", hub)
		mux.Handle(at+".js", hub)
	}
}
