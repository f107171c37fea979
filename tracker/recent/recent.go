// Package recent is a bounded map that forgets what was not lately used.
package recent

import "sync"

// Map holds between n and 2n of the entries used last. It keeps two
// generations: a new entry, or one found in the older generation, goes to the
// younger; when that holds n the older is dropped. An operation is one or two
// map operations, and no entry carries list pointers. Safe for concurrent use.
type Map[K comparable, V any] struct {
	mu         sync.Mutex
	n          int
	young, old map[K]V
}

// New is a Map that holds at least n entries, n > 0.
func New[K comparable, V any](n int) *Map[K, V] {
	return &Map[K, V]{n: max(n, 1), young: make(map[K]V), old: make(map[K]V)}
}

// Get is the entry of k, if it is still held.
func (m *Map[K, V]) Get(k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.get(k)
}

// Put sets the entry of k.
func (m *Map[K, V]) Put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(k, v)
}

// Update sets the entry of k to what f makes of the present one, and returns
// it. No other operation on the map comes in between; f must not use the map.
func (m *Map[K, V]) Update(k K, f func(v V, ok bool) V) V {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.get(k)
	v = f(v, ok)
	m.put(k, v)
	return v
}

// Delete forgets k.
func (m *Map[K, V]) Delete(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.young, k)
	delete(m.old, k)
}

// Len is the number of entries held.
func (m *Map[K, V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.young) + len(m.old)
}

func (m *Map[K, V]) get(k K) (V, bool) {
	if v, ok := m.young[k]; ok {
		return v, true
	}
	v, ok := m.old[k]
	if ok {
		delete(m.old, k)
		m.put(k, v)
	}
	return v, ok
}

func (m *Map[K, V]) put(k K, v V) {
	if _, ok := m.young[k]; !ok {
		delete(m.old, k)
		if len(m.young) >= m.n {
			m.old, m.young = m.young, m.old
			clear(m.young)
		}
	}
	m.young[k] = v
}
