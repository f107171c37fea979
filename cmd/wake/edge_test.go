package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ask sends a request and returns the answer with its body read.
func ask(t *testing.T, s *running, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, s.url(path), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// seconds is a Retry-After header as a number, 0 if it is none.
func seconds(resp *http.Response) int {
	n, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return n
}

const view = `{"visit_token":"v1","visitor_token":"w1","events":[{"name":"$view","url":"https://shop.example/"}]}`

// What the edge lets in and what it refuses, and how it says so.
func TestEdge(t *testing.T) {
	d := sqliteIn(t.TempDir())
	shop := lastWord(wake(t, append([]string{"site", "add", "Shop", "--domain", "shop.example"}, d.flags...)...))
	read, write := d.key(t, "read"), d.key(t, "write")
	bound := lastWord(wake(t, append([]string{"key", "add", "--scope", "write", "--site", shop}, d.flags...)...))
	s := serving(t, d.flags...)
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		says                     string
	}{
		{"hit", "POST", "/wake/hit?site=" + shop, view, nil, 200, `"accepted":1`},
		{"hit at the site's path", "POST", "/s/" + shop + "/wake/hit", view, []string{"Origin", "https://shop.example"}, 200, `"accepted":1`},
		{"hit by host", "POST", "/wake/hit", view, []string{"Origin", "https://shop.example"}, 200, `"accepted":1`},
		{"unknown site", "POST", "/wake/hit?site=nosuch", view, nil, 422, "unknown_site"},
		{"unknown host", "POST", "/wake/hit", view, []string{"Origin", "https://elsewhere.example"}, 422, "unknown_site"},
		{"host refused", "POST", "/s/" + shop + "/wake/hit", view, []string{"Origin", "https://elsewhere.example"}, 403, "host_refused"},
		{"too large", "POST", "/wake/hit?site=" + shop, strings.Repeat(" ", 64<<10) + view, nil, 413, "too_large"},
		{"too large for Ahoy", "POST", "/ahoy/events", strings.Repeat(" ", 8<<10) + view, []string{"Content-Type", "application/json"}, 413, "Payload too large\n"},
		{"no JSON", "POST", "/wake/hit?site=" + shop, "nonsense", nil, 400, "invalid"},
		{"wrong type", "POST", "/wake/hit?site=" + shop, view, []string{"Content-Type", "image/png"}, 415, ""},
		{"wrong method", "GET", "/wake/hit", "", nil, 405, ""},
		{"Ahoy without tokens", "POST", "/ahoy/events", "{}", []string{"Content-Type", "application/json"}, 400, "Missing required parameters\n"},
		{"batch without a key", "POST", "/api/v1/hits", `{"hits":[]}`, nil, 401, "unauthorized"},
		{"batch with a wrong key", "POST", "/api/v1/hits", `{"hits":[]}`, []string{"Authorization", "Bearer wk_guess"}, 401, "unauthorized"},
		{"visits without a key", "GET", "/api/v1/visits", "", nil, 401, "unauthorized"},
		{"nowhere", "GET", "/nowhere", "", nil, 404, ""},
		{"nowhere in the API", "GET", "/api/v1/nowhere", "", nil, 404, "not_found"},
		{"alive", "GET", "/healthz", "", nil, 200, "ok"},
		{"ready", "GET", "/readyz", "", nil, 200, "ready"},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := ask(t, s, c.method, c.path, c.body, c.header...)
			if resp.StatusCode != c.status || !strings.Contains(body, c.says) {
				t.Errorf("%s, wanted %d and %q: %s", resp.Status, c.status, c.says, body)
			}
		})
	}

	t.Run("preflight", func(t *testing.T) {
		for _, path := range []string{"/wake/hit", "/s/" + shop + "/wake/hit", "/ahoy/visits", "/ahoy/events"} {
			resp, body := ask(t, s, "OPTIONS", path, "", "Origin", "https://shop.example",
				"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type, x-csrf-token")
			h := resp.Header
			if resp.StatusCode/100 != 2 || h.Get("Access-Control-Allow-Origin") != "https://shop.example" ||
				h.Get("Access-Control-Allow-Credentials") != "true" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") ||
				!strings.Contains(strings.ToLower(h.Get("Access-Control-Allow-Headers")), "x-csrf-token") {
				t.Errorf("%s: %s %v %s", path, resp.Status, h, body)
			}
		}
	})

	t.Run("keys keep to their scope and site", func(t *testing.T) {
		hits := `{"hits":[` + view + `]}`
		for _, c := range []struct {
			key, path string
			status    int
		}{
			{read, "/api/v1/hits?site=" + shop, 403}, {write, "/api/v1/hits?site=" + shop, 200}, {bound, "/api/v1/hits", 200},
		} {
			if resp, body := ask(t, s, "POST", c.path, hits, "Authorization", "Bearer "+c.key); resp.StatusCode != c.status {
				t.Errorf("%s, wanted %d: %s", resp.Status, c.status, body)
			}
		}
	})
	if out := s.output(); strings.Contains(out, "level=ERROR") {
		t.Error(out)
	}
}

func TestMetricsToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("open sesame"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(binary, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	cmd.Env = append(cmd.Env, "WAKE_METRICS_TOKEN_FILE="+file)
	guarded := servingWith(t, cmd)
	open := serving(t, "--data", t.TempDir())
	for _, c := range []struct {
		s      *running
		bearer string
		status int
	}{
		{open, "", 200}, {guarded, "", 401}, {guarded, "Bearer wrong", 401}, {guarded, "Bearer ", 401}, {guarded, "Bearer open sesame", 200},
	} {
		resp, body := ask(t, c.s, "GET", "/metrics", "", "Authorization", c.bearer)
		if resp.StatusCode != c.status || (c.status == 200) != strings.Contains(body, "wake_hits_total") {
			t.Errorf("%q: %s", c.bearer, resp.Status)
		}
	}
	if strings.Contains(guarded.output(), "sesame") {
		t.Error("the token is in the log")
	}
}

// One address may send so much and no more; others are not concerned.
func TestRateLimit(t *testing.T) {
	s := servingWith(t, command(binary, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(),
		"--rate-limit", "0.1", "--rate-burst", "3", "--trusted-proxy", "127.0.0.1"))
	hit := func(from string) *http.Response {
		resp, _ := ask(t, s, "POST", "/wake/hit", view, "X-Forwarded-For", from)
		return resp
	}
	for range 3 {
		if resp := hit("203.0.113.1"); resp.StatusCode != 200 {
			t.Fatal(resp.Status)
		}
	}
	if resp := hit("203.0.113.1"); resp.StatusCode != 429 || seconds(resp) < 1 {
		t.Errorf("%s, Retry-After %q", resp.Status, resp.Header.Get("Retry-After"))
	}
	if resp := hit("198.51.100.1"); resp.StatusCode != 200 {
		t.Errorf("another address: %s", resp.Status)
	}
	resp, _ := ask(t, s, "POST", "/ahoy/events", `{"visit_token":"v","visitor_token":"w","events":[{"name":"x"}]}`,
		"Content-Type", "application/json", "X-Forwarded-For", "203.0.113.1")
	if resp.StatusCode != 429 || seconds(resp) < 1 {
		t.Errorf("Ahoy: %s, Retry-After %q", resp.Status, resp.Header.Get("Retry-After"))
	}
}

// X-Forwarded-For is believed from proxies that are trusted, and from nobody
// else.
func TestTrustedProxy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flags []string
		ip    string
	}{
		{nil, "127.0.0.0"},
		{[]string{"--trusted-proxy", "10.0.0.0/8"}, "127.0.0.0"},
		{[]string{"--trusted-proxy", "127.0.0.0/8"}, "203.0.113.0"}, // masked
		{[]string{"--trusted-proxy", "127.0.0.0/8", "--trusted-proxy", "203.0.113.0/24"}, "198.51.100.0"},
	} {
		d := sqliteIn(t.TempDir())
		s := serving(t, append(d.flags, c.flags...)...)
		if resp, body := ask(t, s, "POST", "/wake/hit", view, "X-Forwarded-For", "198.51.100.7, 203.0.113.9"); resp.StatusCode != 200 {
			t.Fatal(resp.Status, body)
		}
		var page struct{ Visits []struct{ IP string } }
		get(t, s, d.key(t, "read"), "/api/v1/visits?bots=true", &page)
		if len(page.Visits) != 1 || page.Visits[0].IP != c.ip {
			t.Errorf("%v: %+v, wanted %s", c.flags, page.Visits, c.ip)
		}
	}
}

// A client that never finishes keeps the stop waiting for --stop-wait and no
// longer, and what was acknowledged is written all the same.
func TestStopDoesNotWaitForEver(t *testing.T) {
	d := sqliteIn(t.TempDir())
	s := serving(t, append(d.flags, "--stop-wait", "500ms")...)
	c := s.dial(t)
	if _, err := fmt.Fprint(c, "POST /wake/hit HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	if resp, _ := ask(t, s, "POST", "/wake/hit", view); resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	code, took := s.stop(t)
	if code != 0 || took > 10*time.Second {
		t.Errorf("exit code %d after %v:\n%s", code, took, s.output())
	}
	if ids := d.ids(t); len(ids) != 1 {
		t.Errorf("%d events stored", len(ids))
	}
}

// A full disk: 503 with Retry-After, no damage, and it goes on when there is
// room again.
func TestDiskFull(t *testing.T) {
	dir, room := smallDisk(t, 3<<20)
	cmd := room(command(binary, "serve", "--listen", "127.0.0.1:0", "--data", dir, "--rate-limit", "0", "--hold", "300ms"))
	s := servingWith(t, cmd)
	seen := func(name string) string {
		return filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "root", dir, name)
	}
	hit := func() (*http.Response, string) {
		var events []string
		for range 20 {
			events = append(events, fmt.Sprintf(`{"id":%q,"name":"Big","url":"https://shop.example/","properties":{"x":%q}}`, newID(), strings.Repeat("x", 2000)))
		}
		return ask(t, s, "POST", "/wake/hit", `{"visit_token":"v1","visitor_token":"w1","events":[`+strings.Join(events, ",")+`]}`)
	}
	stored := 0
	full := func() {
		t.Helper()
		for range 1000 {
			resp, body := hit()
			switch resp.StatusCode {
			case 200:
				stored += 20
				continue
			case 503:
				if seconds(resp) < 1 {
					t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
				}
				return
			}
			t.Fatalf("%s: %s", resp.Status, body)
		}
		t.Fatal("the disk is never full")
	}
	if err := os.WriteFile(seen("filler"), bytes.Repeat([]byte{1}, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	full()
	if resp, _ := ask(t, s, "GET", "/healthz", ""); resp.StatusCode != 200 {
		t.Error(resp.Status)
	}
	if err := os.Remove(seen("filler")); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		resp, body := hit()
		if resp.StatusCode == 200 {
			stored += 20
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("room again, and %s: %s", resp.Status, body)
		}
	}
	full()

	// No damage: the file is whole, and holds what was acknowledged.
	copied := t.TempDir()
	for _, name := range []string{"wake.db", "wake.db-wal"} {
		b, err := os.ReadFile(seen(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.kill()
	d := sqliteIn(copied)
	var verdict string
	if err := d.open(t).QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %q, %v", verdict, err)
	}
	if n := len(d.ids(t)); n != stored {
		t.Errorf("%d events stored, %d acknowledged", n, stored)
	}
}

// Anything may come in: no input is answered 5xx, and the server goes on.
func TestRubbish(t *testing.T) {
	t.Parallel()
	d := sqliteIn(t.TempDir())
	s := serving(t, append(d.flags, "--demo")...)
	key := d.key(t, "admin")
	began := time.Now()
	var n atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for r := newRubbish(key); time.Since(began) < 4*time.Second; n.Add(1) {
				raw, whole := r.request()
				wait := 20 * time.Millisecond
				if whole {
					wait = 10 * time.Second
				}
				status, answer := throw(t, s, raw, wait)
				if status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported {
					t.Errorf("%d: %s\n%.2000q", status, answer, raw)
				}
			}
		})
	}
	wg.Wait()
	if resp, body := ask(t, s, "POST", "/wake/hit", view); resp.StatusCode != 200 {
		t.Error(resp.Status, body)
	}
	if out := s.output(); strings.Contains(out, "level=ERROR") || strings.Contains(out, "panic") {
		t.Error(out)
	}
	if code, took := s.stop(t); code != 0 {
		t.Errorf("exit code %d after %v", code, took)
	}
	t.Logf("%d requests", n.Load())
}

// throw sends bytes and returns the status of the answer, 0 if there is none
// in time.
func throw(t *testing.T, s *running, raw []byte, wait time.Duration) (status int, answer string) {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer c.Close()
	_, _ = c.Write(raw) // it may close before it has read all
	_ = c.SetReadDeadline(time.Now().Add(wait))
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err == nil && resp.StatusCode == http.StatusContinue {
		resp, err = http.ReadResponse(r, nil)
	}
	if err != nil {
		return 0, ""
	}
	if resp.StatusCode >= 500 {
		b, _ := io.ReadAll(resp.Body) // what there is of it
		answer = string(b)
	}
	return resp.StatusCode, answer
}
