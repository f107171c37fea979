package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"wake/store/postgres/pgtest"
)

// database is a store as the program is told of it, and as SQL sees it.
type database struct {
	flags  []string // of wake
	driver string
	dsn    string
	id     string // SQL for an event's id as 32 hex digits
}

func sqliteIn(dir string) database {
	return database{[]string{"--data", dir}, "sqlite", "file:" + filepath.Join(dir, "wake.db"), "lower(hex(id))"}
}

func postgresAt(url string) database {
	return database{[]string{"--database-url", url}, "pgx", url, "replace(id::text, '-', '')"}
}

// key makes an API key.
func (d database) key(t *testing.T, scope string) string {
	t.Helper()
	return lastWord(wake(t, append([]string{"key", "add", "--scope", scope}, d.flags...)...))
}

func (d database) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// check looks, in the database and through the API, whether every event is
// there exactly once, and whether the visits count them right.
func (d database) check(t *testing.T, s *running, l *load) {
	t.Helper()
	want := map[string]bool{}
	for _, id := range l.events() {
		want[strings.ReplaceAll(id, "-", "")] = true
	}
	if acked := int(l.acked.Load()); acked != len(want) {
		t.Errorf("%d events acknowledged, %d sent", acked, len(want))
	}
	compare := func(where string, have map[string]int) {
		t.Helper()
		lost, doubled, strange := 0, 0, 0
		for id := range want {
			switch n := have[id]; {
			case n == 0:
				lost++
			case n > 1:
				doubled++
			}
		}
		for id := range have {
			if !want[id] {
				strange++
			}
		}
		if lost+doubled+strange > 0 {
			t.Errorf("%s: of %d acknowledged events %d are lost, %d doubled; %d are there that nobody sent", where, len(want), lost, doubled, strange)
		}
	}
	compare("database", d.ids(t))
	compare("API", apiEvents(t, s, l.key))

	var wrong, visits int
	if err := d.open(t).QueryRow(`SELECT count(*), coalesce(sum(CASE WHEN v.events <> coalesce(e.events, 0) OR v.views <> coalesce(e.views, 0) THEN 1 ELSE 0 END), 0)
		FROM visit_summaries v LEFT JOIN (SELECT visit_id, count(*) AS events, sum(CASE WHEN name = '$view' THEN 1 ELSE 0 END) AS views
			FROM events GROUP BY visit_id) e ON e.visit_id = v.id`).Scan(&visits, &wrong); err != nil {
		t.Fatal(err)
	}
	if wrong > 0 {
		t.Errorf("%d of %d visits count other events or views than they have", wrong, visits)
	}
	t.Logf("%d events in %d visits", len(want), visits)
}

// ids counts the rows of each event.
func (d database) ids(t *testing.T) map[string]int {
	t.Helper()
	rows, err := d.open(t).Query("SELECT " + d.id + " FROM events")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	have := map[string]int{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		have[id]++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return have
}

// apiEvents counts each event in the journeys of all visits, and checks that
// each visit says how many it has.
func apiEvents(t *testing.T, s *running, key string) map[string]int {
	t.Helper()
	have := map[string]int{}
	for cursor := ""; ; {
		var page struct {
			Visits []struct {
				ID     string
				Events int
			}
			NextCursor string `json:"next_cursor"`
		}
		get(t, s, key, "/api/v1/visits?bots=true&limit=1000"+cursor, &page)
		for _, v := range page.Visits {
			n := 0
			for from := ""; ; {
				var events struct {
					Events     []struct{ ID string }
					NextCursor string `json:"next_cursor"`
				}
				get(t, s, key, "/api/v1/visits/"+v.ID+"/events?limit=1000"+from, &events)
				for _, e := range events.Events {
					have[strings.ReplaceAll(e.ID, "-", "")]++
					n++
				}
				if from = "&cursor=" + events.NextCursor; events.NextCursor == "" {
					break
				}
			}
			if n != v.Events {
				t.Errorf("visit %s has %d events and says %d", v.ID, n, v.Events)
			}
		}
		if cursor = "&cursor=" + page.NextCursor; page.NextCursor == "" {
			return have
		}
	}
}

// get asks the API.
func get(t *testing.T, s *running, key, path string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.url(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s: %s", path, resp.Status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("GET %s: %v: %s", path, err, body)
	}
}

// stores runs f over an empty database of each kind.
func stores(t *testing.T, f func(t *testing.T, d database)) {
	t.Run("sqlite", func(t *testing.T) { f(t, sqliteIn(t.TempDir())) })
	t.Run("postgresql", func(t *testing.T) { f(t, postgresAt(pgtest.Start(t).URL(t))) })
}

// A 2xx means durable, and an event sent again counts once (design §3):
// killed at random moments, also while it starts, with clients that send
// again what was not acknowledged.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, d database) { killUnderLoad(t, binary, d, *kills) })
}

func killUnderLoad(t *testing.T, program string, d database, kills int) {
	start := func() *running {
		return servingWith(t, command(program, append([]string{"serve", "--listen", "127.0.0.1:0", "--rate-limit", "0"}, d.flags...)...))
	}
	s := start()
	l := newLoad(t, d.key(t, "write"))
	l.at(s)
	l.start()
	for n := range kills {
		l.await(1 + rand.Int64N(500))
		time.Sleep(rand.N(10 * time.Millisecond)) // not always right after a commit
		s.kill()
		if strings.Contains(s.output(), "DATA RACE") {
			t.Fatal(s.output())
		}
		l.gone()
		if n%4 == 3 { // it may die while it starts, too
			s, _ := launch(t, command(program, append([]string{"serve", "--listen", "127.0.0.1:0"}, d.flags...)...))
			time.Sleep(rand.N(100 * time.Millisecond))
			s.kill()
		}
		began := time.Now()
		s = start()
		t.Logf("restart %d: %v", n+1, time.Since(began).Round(time.Millisecond))
		l.at(s)
	}
	l.drain()
	d.check(t, s, l)
	if code, took := s.stop(t); code != 0 {
		t.Errorf("exit code %d after %v:\n%s", code, took, s.output())
	}
	if out := s.output(); strings.Contains(out, "DATA RACE") || strings.Contains(out, "level=ERROR") {
		t.Error(out)
	}
}

// PostgreSQL restarted under load, in order and by a crash: nobody is
// refused while the wait is not over, nothing is lost, nothing doubled.
func TestPostgreSQLRestarted(t *testing.T) {
	t.Parallel()
	const hold = 20 * time.Second // no restart takes that long
	pg := pgtest.Own(t)
	d := postgresAt(pg.URL(t))
	s := serving(t, append(d.flags, "--hold", hold.String())...)
	l := newLoad(t, d.key(t, "write"))
	l.at(s)
	l.start()
	for n := range 4 {
		l.await(300)
		if n%2 == 0 {
			pg.Stop(t)
		} else {
			pg.Kill(t)
		}
		time.Sleep(rand.N(200 * time.Millisecond))
		pg.Restart(t)
	}
	l.await(300)
	l.drain()
	if r := l.refusals(); len(r) > 0 {
		t.Errorf("%d requests were refused, %s after %v, although the wait of %v was not over", len(r), r[0].path, r[0].after, hold)
	}
	d.check(t, s, l)
}

// PostgreSQL away for longer than the collector waits, stopped or hanging:
// 503 with Retry-After once the wait is over, not before, and as soon as it
// is back all goes on by itself.
func TestPostgreSQLAway(t *testing.T) {
	t.Parallel()
	const hold = 2 * time.Second
	for _, way := range []string{"stopped", "hanging"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			pg := pgtest.Own(t)
			d := postgresAt(pg.URL(t))
			s := serving(t, append(d.flags, "--hold", hold.String())...)
			l := newLoad(t, d.key(t, "write"))
			l.at(s)
			l.start()
			l.await(300)
			back := func() { pg.Restart(t) }
			if way == "hanging" {
				back = pg.Pause(t)
			} else {
				pg.Stop(t)
			}
			told := map[*client]bool{}
			for deadline := time.Now().Add(10 * hold); len(told) < clients; time.Sleep(10 * time.Millisecond) {
				for _, r := range l.refusals() {
					told[r.client] = true
				}
				if time.Now().After(deadline) {
					t.Errorf("of %d clients only %d were told within %v", clients, len(told), 10*hold)
					break
				}
			}
			back()
			l.await(300)
			l.drain()
			for _, r := range l.refusals() {
				if r.after < hold || r.retryAfter == "" {
					t.Errorf("%s: refused after %v, Retry-After %q", r.path, r.after, r.retryAfter)
				}
			}
			d.check(t, s, l)
		})
	}
}

// SIGTERM under load: requests that it has begun to read are answered, what
// was acknowledged is there, and the end comes soon and is a good one.
func TestStoppedUnderLoad(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, d database) {
		s := serving(t, d.flags...)
		l := newLoad(t, d.key(t, "write"))
		l.at(s)
		l.start()
		l.await(300)
		var halves []func() string
		for range 8 {
			halves = append(halves, halfSent(t, s, l.clients[0]))
		}
		l.await(50) // it has read what there is by now
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			time.Sleep(50 * time.Millisecond) // it is stopping
			for _, rest := range halves {
				if status := rest(); status != "HTTP/1.1 200 OK" {
					t.Errorf("a request under way was answered %q", status)
				}
			}
		}()
		code, took := s.stop(t)
		<-ended
		l.gone()
		l.acked.Add(8) // those sent in halves
		if code != 0 || took > 10*time.Second {
			t.Errorf("exit code %d after %v:\n%s", code, took, s.output())
		}
		began := time.Now()
		s = serving(t, d.flags...)
		t.Logf("stopped in %v; a new start on this database took %v", took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
		l.at(s)
		l.drain()
		d.check(t, s, l)
	})
}

// halfSent sends a hit but for its end; rest sends that and returns the
// status line of the answer.
func halfSent(t *testing.T, s *running, c *client) (rest func() string) {
	t.Helper()
	id := newID()
	c.load.mu.Lock()
	c.load.halves = append(c.load.halves, id)
	c.load.mu.Unlock()
	body := string(mustJSON(map[string]any{"visit_token": "halves", "visitor_token": "halves", "events": []any{
		map[string]any{"id": id, "name": "Half", "url": "https://shop.example/"},
	}}))
	conn := s.dial(t)
	if _, err := fmt.Fprintf(conn, "POST /wake/hit HTTP/1.1\r\nHost: shop.example\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:10]); err != nil {
		t.Fatal(err)
	}
	return func() string {
		if _, err := io.WriteString(conn, body[10:]); err != nil {
			return err.Error()
		}
		answer := make([]byte, 1<<10)
		n, err := conn.Read(answer)
		if err != nil {
			return err.Error()
		}
		line, _, _ := strings.Cut(string(answer[:n]), "\r\n")
		return line
	}
}

// Whoever kills it while it makes its database has a database, after all.
func TestKilledAtFirstStart(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, d database) {
		for n := range 6 {
			if d.driver == "sqlite" {
				d = sqliteIn(t.TempDir())
			} else if n > 0 {
				d = postgresAt(pgtest.Start(t).URL(t))
			}
			s, _ := launch(t, command(binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, d.flags...)...))
			time.Sleep(10*time.Millisecond + rand.N(250*time.Millisecond))
			s.kill()
			s = serving(t, d.flags...)
			if code, _ := s.stop(t); code != 0 {
				t.Fatalf("exit code %d:\n%s", code, s.output())
			}
		}
	})
}
