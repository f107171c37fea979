package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"wake/store"
	"wake/tracker"
)

// testNodes is about several handles on one database.
func testNodes(t *testing.T, fresh New) {
	t.Run("what one writes the other counts once", func(t *testing.T) {
		t.Parallel()
		open := fresh(t)
		a, b := open(t), open(t)
		one := func() *tracker.Record { return record(visit("a", "p", 0), view(1, "/", 0), event(2, "x", 0)) }
		r1, r2, r3 := one(), one(), one()
		write(t, a, r1)
		write(t, b, r2)
		write(t, a, r3)
		equal(t, "at b", r2.Result, tracker.Result{VisitID: r1.Result.VisitID, New: []bool{false, false}})
		equal(t, "at a again", r3.Result, r2.Result)
		equal(t, "sum", sumOf(get(t, b, r1.Result.VisitID)), sum{1, 2, 0, "/", "/", at(0)})
	})

	t.Run("a stub of one is made whole by the other", func(t *testing.T) {
		t.Parallel()
		open := fresh(t)
		a, b := open(t), open(t)
		r := record(stub("a", "p", 0), event(1, "x", 0))
		write(t, a, r)
		write(t, b, record(visit("a", "p", 0)))
		second := visit("a", "p", 0)
		second.LandingPage = "https://shop.example/second"
		write(t, a, record(second)) // which still takes it for a stub
		equal(t, "landing page", get(t, a, r.Result.VisitID).LandingPage, "https://shop.example/a")
	})

	t.Run("a visit that the other erased begins anew", func(t *testing.T) {
		t.Parallel()
		open := fresh(t)
		a, b := open(t), open(t)
		first := record(visit("a", "p", 0), view(1, "/", 0), view(2, "/", 0))
		write(t, a, first)
		if n, err := b.Retain(t.Context(), 1, at(time.Hour)); err != nil || n != 1 {
			t.Fatalf("retain: %d, %v", n, err)
		}
		again := record(visit("a", "p", 0), view(1, "/", 0))
		write(t, a, again)
		equal(t, "created", again.Result.Created, true)
		equal(t, "new", again.Result.New, []bool{true})
		equal(t, "sum", sumOf(get(t, b, again.Result.VisitID)), sum{1, 1, 0, "/", "/", at(0)})
		equal(t, "ordinal", get(t, b, again.Result.VisitID).Ordinal, 1)
	})

	t.Run("engaged time raised by all at once", func(t *testing.T) {
		t.Parallel()
		testRaisedTogether(t, fresh(t))
	})

	t.Run("all at once count once", func(t *testing.T) {
		t.Parallel()
		open := fresh(t)
		// Four nodes get the same hundred hits, four to a visit, in different
		// orders and batches, several writers a node.
		const nodes, hits, writers = 4, 100, 2
		hit := func(i int) *tracker.Record {
			v := visit(fmt.Sprint("v", i/4), fmt.Sprint("p", i/8), time.Duration(i/4)*time.Second)
			if i%3 == 0 {
				v.UserID = fmt.Sprint("user", i/8)
			}
			e := view(i+1, "/", time.Duration(i)*time.Second)
			e.EngagedMS = int64(i)
			return record(v, e, event(1000+i/2, "shared by two hits", 0))
		}
		var wg sync.WaitGroup
		created := make([]int, nodes*writers)
		fresh := make([]int, nodes*writers)
		for node := range nodes {
			s := open(t)
			for w := range writers {
				wg.Go(func() {
					n := node*writers + w
					step := []int{1, 3, 7, 9, 11, 13, 17, 19}[n] // all prime to 100
					size := 1 + 5*n
					for i := 0; i < hits; i += size {
						var batch []*tracker.Record
						for j := i; j < min(i+size, hits); j++ {
							batch = append(batch, hit(j*step%hits))
						}
						if !persist(t, s, batch) {
							return
						}
						for _, r := range batch {
							if r.Result.Created {
								created[n]++
							}
							for _, isNew := range r.Result.New {
								if isNew {
									fresh[n]++
								}
							}
						}
					}
				})
			}
		}
		wg.Wait()
		sum := func(ns []int) (total int) {
			for _, n := range ns {
				total += n
			}
			return total
		}
		equal(t, "created, by all nodes", sum(created), hits/4)
		equal(t, "new events, by all nodes", sum(fresh), hits+hits/2)
		s := open(t)
		vs, err := s.Visits(t.Context(), store.VisitFilter{Limit: 1000})
		if err != nil || len(vs) != hits/4 {
			t.Fatalf("%d visits, %v", len(vs), err)
		}
		ordinals := make(map[string]bool)
		for _, v := range vs {
			var views int
			var engaged int64
			es := events(t, s, v.ID)
			for _, e := range es {
				engaged += e.EngagedMS
				if e.IsView() {
					views++
				}
			}
			equal(t, v.Token, []any{v.Views, v.Events, v.EngagedMS}, []any{views, len(es), engaged})
			equal(t, v.Token+": views", views, 4)
			equal(t, v.Token+": events", len(es), 6)
			ordinals[fmt.Sprintf("%s #%d", v.Visitor.Token, v.Ordinal)] = true
			if v.UserID == "" {
				t.Errorf("%s has no user", v.Token)
			}
		}
		for i := range hits / 8 {
			for n := range 2 {
				if !ordinals[fmt.Sprintf("p%d #%d", i, n+1)] {
					t.Errorf("visitor %d has no visit number %d", i, n+1)
				}
			}
		}
	})
}

// testRaisedTogether has several nodes raise the engaged time of the same
// events at once: the visit's sum must stay that of its events.
func testRaisedTogether(t *testing.T, open Database) {
	const nodes, rounds, views = 4, 40, 3
	hit := func(ms int64) *tracker.Record {
		r := record(visit("a", "p", 0))
		for n := range views {
			e := view(n+1, "/", 0)
			e.EngagedMS = ms
			r.Events = append(r.Events, e)
		}
		return r
	}
	first := hit(0)
	write(t, open(t), first)
	var wg sync.WaitGroup
	for node := range nodes {
		s := open(t)
		wg.Go(func() {
			for i := range rounds {
				if !persist(t, s, []*tracker.Record{hit(int64(nodes*i + node + 1))}) {
					return
				}
			}
		})
	}
	wg.Wait()
	s := open(t)
	for _, e := range events(t, s, first.Result.VisitID) {
		equal(t, "engaged time of an event", e.EngagedMS, nodes*rounds)
	}
	equal(t, "engaged time of the visit", get(t, s, first.Result.VisitID).EngagedMS, nodes*rounds*views)
}

// persist writes a batch as the batcher does: again, when that may help.
func persist(t *testing.T, s store.Store, batch []*tracker.Record) bool {
	for {
		err := s.Write(t.Context(), batch)
		if err == nil {
			return true
		}
		if !store.IsTemporary(err) {
			t.Errorf("write: %v", err)
			return false
		}
	}
}
