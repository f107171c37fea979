package api

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wake/store"
	"wake/tracker"
)

// keyStore is a list of keys that may be away.
type keyStore struct {
	keys  []store.Key
	err   error
	hangs bool
}

func (s *keyStore) load(ctx context.Context) ([]store.Key, error) {
	if s.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return slices.Clone(s.keys), s.err
}

func (s *keyStore) add() (text string) {
	text, key := NewKey("", store.ScopeRead, 0, time.Now())
	s.keys = append(s.keys, key)
	return text
}

// While the store is away those known go on to work, without a long wait.
func TestKeysStoreAway(t *testing.T) {
	for _, s := range []*keyStore{{hangs: true}, {err: store.Temporary(errors.New("connection refused"))}} {
		synctest.Test(t, func(t *testing.T) {
			key := (*keyStore).add(s)
			k := NewKeys(s.load)
			began := time.Now()
			_, _, err := k.find(t.Context(), key)
			if tracker.ErrorCode(err) != tracker.CodeUnavailable || time.Since(began) > keysWait {
				t.Errorf("no key known yet: %v after %v", err, time.Since(began))
			}
			hangs, away := s.hangs, s.err
			s.hangs, s.err = false, nil
			time.Sleep(keysFresh)
			if _, ok, err := k.find(t.Context(), key); !ok || err != nil {
				t.Fatalf("the store is back, and: %v, %v", ok, err)
			}
			s.hangs, s.err = hangs, away
			for range 10 {
				time.Sleep(keysFresh)
				began := time.Now()
				if _, ok, err := k.find(t.Context(), key); !ok || err != nil || time.Since(began) > keysWait {
					t.Fatalf("away: %v, %v after %v", ok, err, time.Since(began))
				}
			}
		})
	}
}
