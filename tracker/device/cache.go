package device

import (
	"hash/maphash"
	"strings"
	"sync"
)

// cache remembers answers in two generations: when the young one is full it
// becomes the old one, and the old one is dropped. What is asked for again in
// time moves to the young one, so the agents in use stay. That is bounded,
// and a hit takes one read lock.
//
// The maps go by a seeded hash of the key, for hashing eight strings field by
// field is most of what a hit costs otherwise. Should two keys share a hash,
// the later one takes the place.
type cache struct {
	half int // entries a generation
	seed maphash.Seed

	mu         sync.RWMutex
	young, old map[uint64]*entry
}

type entry struct {
	key    cacheKey
	device Device
}

type cacheKey struct {
	ua    string
	hints Hints
}

func (k cacheKey) clone() cacheKey {
	return cacheKey{ua: strings.Clone(k.ua), hints: Hints{
		UA:              strings.Clone(k.hints.UA),
		Mobile:          strings.Clone(k.hints.Mobile),
		Platform:        strings.Clone(k.hints.Platform),
		PlatformVersion: strings.Clone(k.hints.PlatformVersion),
		Model:           strings.Clone(k.hints.Model),
		FullVersionList: strings.Clone(k.hints.FullVersionList),
		FormFactors:     strings.Clone(k.hints.FormFactors),
	}}
}

func newCache(size int) *cache {
	return &cache{half: (size + 1) / 2, seed: maphash.MakeSeed(), young: map[uint64]*entry{}}
}

// hash mixes what is not empty; most hints are, and Mobile and FormFactors
// hardly ever differ alone.
func (c *cache) hash(k *cacheKey) uint64 {
	h := maphash.String(c.seed, k.ua)
	for _, s := range [...]string{k.hints.UA, k.hints.Platform, k.hints.PlatformVersion, k.hints.Model, k.hints.FullVersionList} {
		if s != "" {
			h = h*0x9e3779b97f4a7c15 + maphash.String(c.seed, s)
		}
	}
	return h
}

// get returns what is remembered under hash, or nil.
func (c *cache) get(hash uint64, k *cacheKey) *entry {
	c.mu.RLock()
	e := c.young[hash]
	fresh := e != nil
	if e == nil {
		e = c.old[hash]
	}
	c.mu.RUnlock()
	if e == nil || e.key != *k {
		return nil
	}
	if !fresh {
		c.put(hash, e)
	}
	return e
}

func (c *cache) put(hash uint64, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young[hash] == nil && len(c.young) >= c.half {
		c.old = c.young
		c.young = make(map[uint64]*entry, c.half)
	}
	c.young[hash] = e
}

// size is how many entries are held, an agent in both generations twice.
func (c *cache) size() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.young) + len(c.old)
}
