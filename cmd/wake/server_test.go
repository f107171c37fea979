package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// However many ask whether the server is ready, the store is asked a few
// times a second.
func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pings
		asked := 0
		var away error
		ping := func(ctx context.Context) error {
			asked++
			return errors.Join(away, ctx.Err())
		}
		left, leave := context.WithCancel(t.Context())
		leave()
		for range 100 {
			if err := p.ping(left, ping); err != nil {
				t.Error(err)
			}
		}
		if asked != 1 {
			t.Errorf("the store was asked %d times at once", asked)
		}
		away = errors.New("away")
		time.Sleep(time.Second)
		if err := p.ping(t.Context(), ping); !errors.Is(err, away) || asked != 2 {
			t.Errorf("%v, asked %d times", err, asked)
		}
	})
}

// Names that no blocker knows are for the script, the hits and the pixel.
func TestNamesOfOnesOwn(t *testing.T) {
	t.Parallel()
	d := sqliteIn(t.TempDir())
	s := serving(t, append(d.flags, "--script-name", "tide.js", "--hit-path", "/tide/in", "--trusted-proxy", "loopback")...)
	for _, c := range []struct {
		path   string
		status int
	}{
		{"/tide.js", 200}, {"/wake.js", 404},
		{"/tide/pixel.gif?url=https://shop.example/", 200}, {"/wake/pixel.gif?url=https://shop.example/", 404},
	} {
		resp, body := ask(t, s, "GET", c.path, "")
		if resp.StatusCode != c.status {
			t.Errorf("%s: %s", c.path, resp.Status)
		}
		if c.path == "/tide.js" && (strings.Contains(body, "/wake/hit") || !strings.Contains(body, "/tide/in")) {
			t.Error("the script sends elsewhere")
		}
	}
	if resp, body := ask(t, s, "POST", "/tide/in", view, "X-Forwarded-For", "198.51.100.7"); resp.StatusCode != 200 {
		t.Error(resp.Status, body)
	}
	for _, args := range [][]string{
		{"--script-name", "{x}.js"}, {"--script-name", "a b.js"}, {"--hit-path", "/x/pixel.gif"}, {"--trusted-proxy", "public"},
	} {
		_, errs, code := wakeCode(t, nil, "", append([]string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, args...)...)
		if code != 1 || !strings.Contains(errs, args[0]) || strings.Contains(errs, "goroutine ") {
			t.Errorf("wake serve %v: exit code %d\n%s", args, code, errs)
		}
	}
}

// A secret's file may end in a newline, and must be there.
func TestSecretFiles(t *testing.T) {
	t.Parallel()
	d := sqliteIn(t.TempDir())
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, d.flags...)...)
	cmd.Env = append(cmd.Env, "WAKE_METRICS_TOKEN_FILE="+file)
	s := servingWith(t, cmd)
	for token, status := range map[string]int{"open sesame": 200, "closed": 401} {
		if resp, _ := ask(t, s, "GET", "/metrics", "", "Authorization", "Bearer "+token); resp.StatusCode != status {
			t.Errorf("%q: %s", token, resp.Status)
		}
	}
	for _, name := range []string{"WAKE_METRICS_TOKEN_FILE", "WAKE_DATABASE_URL_FILE", "WAKE_HUB_TOKEN_KEY_FILE"} {
		_, errs, code := wakeCode(t, []string{name + "=/no/such/file"}, "", "serve", "--listen", "nowhere", "--data", t.TempDir())
		if code != 1 || !strings.Contains(errs, name) {
			t.Errorf("%s is not there: exit code %d\n%s", name, code, errs)
		}
	}
}
