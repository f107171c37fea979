package store_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"wake/store"
	"wake/tracker"
)

// away answers with err until it is back.
type away struct {
	store.Salts
	back  time.Time
	err   error
	hangs bool
	asked int
}

func (a *away) Salt(ctx context.Context, _ string) ([]byte, error) {
	a.asked++
	switch {
	case !time.Now().Before(a.back):
		return []byte("salt"), nil
	case a.hangs:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, a.err
}

func TestPatient(t *testing.T) {
	const hold = 5 * time.Second
	gone := errors.New("connection refused")
	for _, c := range []struct {
		name string
		salt away
		away time.Duration
		code tracker.Code // "": it is answered
		took time.Duration
	}{
		{name: "there", code: ""},
		{name: "back in time", salt: away{err: store.Temporary(gone)}, away: 3 * time.Second},
		{name: "away for longer", salt: away{err: store.Temporary(gone)}, away: time.Minute, code: tracker.CodeUnavailable, took: hold},
		{name: "hanging", salt: away{hangs: true}, away: time.Minute, code: tracker.CodeUnavailable, took: hold},
		{name: "broken", salt: away{err: gone}, away: time.Minute, code: tracker.CodeInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				c.salt.back = began.Add(c.away)
				salt, err := store.Patient{Salts: &c.salt, Hold: hold}.Salt(t.Context(), "2026-01-31")
				took := time.Since(began)
				if tracker.ErrorCode(err) != c.code || (err == nil) != (string(salt) == "salt") {
					t.Fatalf("got %q, %v", salt, err)
				}
				if c.took != 0 && took != c.took || c.code == "" && (took < c.away || took > c.away+time.Second) {
					t.Errorf("took %v", took)
				}
				if c.salt.asked > 20 {
					t.Errorf("asked %d times", c.salt.asked)
				}
			})
		})
	}
}

// A caller who goes away is not waited for.
func TestPatientCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := store.Patient{Salts: &away{hangs: true, back: began.Add(time.Hour)}}.Salt(ctx, "2026-01-31")
		if took := time.Since(began); took != time.Second || tracker.ErrorCode(err) != tracker.CodeUnavailable {
			t.Errorf("%v after %v", err, took)
		}
	})
}
