package main

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Who sends slowly, or nothing, loses the connection in a bounded time, and
// keeps nobody else waiting.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	s := serving(t, "--data", t.TempDir())
	began := time.Now()
	var crowd []net.Conn
	for n := range 40 {
		begin := "POST /wake/hit HTTP/1.1\r\nHost: x\r\n" // and no end of the header
		if n%2 == 0 {
			begin += "Content-Length: 60000\r\n\r\n{"
		}
		c := s.dial(t)
		if err := c.SetDeadline(began.Add(50 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, begin); err != nil {
			t.Fatal(err)
		}
		crowd = append(crowd, c)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() { // a byte now and then
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Second):
			}
			for _, c := range crowd {
				_, _ = io.WriteString(c, "a") // until it is closed
			}
		}
	})
	defer wg.Wait()
	defer close(stop)
	if resp, body := ask(t, s, "POST", "/wake/hit", view); resp.StatusCode != 200 {
		t.Errorf("somebody else: %s %s", resp.Status, body)
	}
	for n, c := range crowd {
		answer, err := io.ReadAll(c)
		if e, ok := err.(net.Error); ok && e.Timeout() {
			t.Fatalf("number %d is still open after %v", n, time.Since(began))
		}
		if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
			t.Errorf("answered %q", answer)
		}
	}
	t.Logf("all closed after %v", time.Since(began).Round(time.Second))
}
