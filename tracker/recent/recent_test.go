package recent

import (
	"sync"
	"testing"
)

func TestMap(t *testing.T) {
	m := New[int, int](10)
	for i := range 1000 {
		m.Put(i, i)
		if v, ok := m.Get(5); i >= 5 && (!ok || v != 5) {
			t.Fatalf("5 is used all the time, and was forgotten at %d", i)
		}
		if n := m.Len(); n > 20 {
			t.Fatalf("%d entries held", n)
		}
	}
	for i := 991; i < 1000; i++ {
		if v, ok := m.Get(i); !ok || v != i {
			t.Errorf("%d, one of the last ten, was forgotten", i)
		}
	}
	if _, ok := m.Get(17); ok {
		t.Error("17 is still there")
	}
	m.Delete(999)
	if _, ok := m.Get(999); ok {
		t.Error("deleted, and there")
	}
}

func TestMapUpdate(t *testing.T) {
	m := New[string, int](10)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			m.Update("n", func(v int, ok bool) int {
				if !ok && v != 0 {
					t.Error("a value without an entry")
				}
				return v + 1
			})
		})
	}
	wg.Wait()
	if v, _ := m.Get("n"); v != 100 {
		t.Errorf("%d of 100 updates", v)
	}
}
