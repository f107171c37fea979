package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Who may publish where, as flags, file and keys say; and what else is the
// hub's over HTTP.
func TestHub(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	file := filepath.Join(data, "hub.json")
	if err := os.WriteFile(file, []byte(`{
		"rules": [{"pattern": "/chat/staff/**"}, {"pattern": "/chat/**", "subscribe": ["anyone"], "publish": ["anyone"]}],
		"history": [{"pattern": "/chat/**", "messages": 10, "age": "1h"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	write := lastWord(wake(t, "key", "add", "--scope", "write", "--data", data))
	read := lastWord(wake(t, "key", "add", "--scope", "read", "--data", data))
	s := serving(t, "--data", data, "--hub-open", "/open/*", "--hub-config", file, "--hub-auth-token", "a-secret-of-ours")

	publish := func(channel, token string) string {
		message := `{"channel":"` + channel + `","data":{"a":1}`
		if token != "" {
			message += `,"ext":{"auth_token":"` + token + `"}`
		}
		resp, body := ask(t, s, "POST", "/faye", url.Values{"message": {message + "}"}}.Encode(),
			"Content-Type", "application/x-www-form-urlencoded")
		if resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", channel, resp.StatusCode, body)
		}
		return body
	}
	for _, tt := range []struct {
		name, channel, token string
		ok                   bool
	}{
		{"--hub-open", "/open/x", "", true},
		{"nothing said", "/closed/x", "", false},
		{"the file's rule", "/chat/room", "", true},
		{"its first rule", "/chat/staff/room", "", false},
		{"--hub-auth-token", "/closed/x", "a-secret-of-ours", true},
		{"a key that may write", "/chat/staff/room", write, true},
		{"a key that may read", "/closed/x", read, false},
		{"a wrong secret", "/open/x", "wrong", false},
	} {
		if got := publish(tt.channel, tt.token); strings.Contains(got, `"successful":true`) != tt.ok || strings.Contains(got, tt.token) && tt.token != "" {
			t.Errorf("%s: %s", tt.name, got)
		}
	}

	if resp, body := ask(t, s, "GET", "/faye/client.js", ""); resp.StatusCode == 200 && !strings.Contains(body, "Faye") {
		t.Errorf("client.js: %.100s", body)
	}
	if _, body := ask(t, s, "GET", "/metrics", ""); !strings.Contains(body, "wake_hub_published_total 4") || !strings.Contains(body, "wake_hub_waiting_messages") {
		t.Errorf("metrics: %s", body)
	}
	// A held poll is answered when the server stops, and does not hold it up.
	_, body := ask(t, s, "POST", "/bayeux", `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}`, "Content-Type", "application/json")
	_, id, _ := strings.Cut(body, `"clientId":"`)
	id, _, _ = strings.Cut(id, `"`)
	received := func() string {
		_, m := ask(t, s, "GET", "/metrics", "")
		_, n, _ := strings.Cut(m, `wake_hub_messages_in_total{transport="long-polling"} `)
		n, _, _ = strings.Cut(n, "\n")
		return n
	}
	before := received()
	answered := make(chan string, 1)
	go func() {
		_, body := ask(t, s, "POST", "/bayeux", `{"channel":"/meta/connect","clientId":"`+id+`","connectionType":"long-polling"}`, "Content-Type", "application/json")
		answered <- body
	}()
	for received() == before { // until it is held
		time.Sleep(5 * time.Millisecond)
	}
	if code, took := s.stop(t); code != 0 || took > 5*time.Second {
		t.Errorf("stopped with %d after %s", code, took)
	}
	if body := <-answered; !strings.Contains(body, `"advice"`) {
		t.Errorf("the held poll got %s", body)
	}
}

func TestHubFlags(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "hub.json")
	if err := os.WriteFile(bad, []byte(`{"rule": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--hub-open", "chat"},
		{"--hub-open", "/a b"},
		{"--hub-config", bad},
		{"--hub-config", bad + ".missing"},
		{"--hub-dialect", "french"},
		{"--hub-token-key", "short"},
	} {
		_, stderr, code := wakeCode(t, nil, "", append([]string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0"}, args...)...)
		if code != 1 || !strings.Contains(stderr, "wake: ") {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
}
