package device

import (
	"strings"
	"sync"
)

// cache remembers answers in two generations: when the young one is full it
// becomes the old one, and the old one is dropped. What is asked for again in
// time moves to the young one, so the agents in use stay. That is bounded,
// and a hit takes one read lock.
type cache struct {
	half int // entries a generation

	mu         sync.RWMutex
	young, old map[cacheKey]Device
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
	return &cache{half: (size + 1) / 2, young: map[cacheKey]Device{}}
}

func (c *cache) get(k cacheKey) (Device, bool) {
	c.mu.RLock()
	d, ok := c.young[k]
	if ok {
		c.mu.RUnlock()
		return d, true
	}
	d, ok = c.old[k]
	c.mu.RUnlock()
	if ok {
		c.put(k.clone(), d)
	}
	return d, ok
}

func (c *cache) put(k cacheKey, d Device) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[k]; !ok && len(c.young) >= c.half {
		c.old = c.young
		c.young = make(map[cacheKey]Device, c.half)
	}
	c.young[k] = d
}

// size is how many entries are held, an agent in both generations twice.
func (c *cache) size() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.young) + len(c.old)
}
