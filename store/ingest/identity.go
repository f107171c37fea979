package ingest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"wake/tracker"
)

// Visitor is a visitor of whom a batch tells a new visit or a user.
type Visitor struct {
	SiteID              int64
	ID                  tracker.VisitorID
	Token               string
	Began               int // visits that begin in this batch
	FirstSeen, LastSeen time.Time
	Visits              int    // set by CountVisits: the new ones included
	UserID              string // set by CountVisits and FindVisitors: before this batch
	NewUserID           string // after it
	Link                string // the user of visits that have none yet, "" to leave them

	begun []*Visit // those of assign so far
}

// User is a person as a batch tells of them.
type User struct {
	SiteID              int64
	ID                  string
	Traits              []byte // JSON object, or nil; wins over the stored ones key by key
	FirstSeen, LastSeen time.Time
}

type visitorKey struct {
	site int64
	id   tracker.VisitorID
}

// identify finds out whose the batch's visits are, as if its records came
// one after another. The rules:
//
//   - a new visit is its record's user's, else the visitor's last known one's;
//   - a visit that has no user becomes the first one's who is named in it;
//   - when a visitor without a user gets one, so do all their visits that
//     have none;
//   - the visitor's user is the last one named;
//   - a user is touched by each new visit of theirs, when newly named to a
//     visitor, and by traits.
func (b *batch) identify(ctx context.Context, tx Tx) error {
	b.gather()
	count := filter(b.visitors, func(p *Visitor) bool { return p.Began > 0 })
	find := filter(b.visitors, func(p *Visitor) bool { return p.Began == 0 })
	if len(count) > 0 {
		if err := tx.CountVisits(ctx, count); err != nil {
			return fmt.Errorf("count visits: %w", err)
		}
	}
	if len(find) > 0 {
		if err := tx.FindVisitors(ctx, find); err != nil {
			return fmt.Errorf("find visitors: %w", err)
		}
	}
	b.assign()
	return nil
}

// gather makes the visitors whom the batch gives a visit or a user, ordered
// by key.
func (b *batch) gather() {
	b.visitors, b.users = nil, nil
	byKey := make(map[visitorKey]*Visitor)
	for i, r := range b.records {
		v := b.of[i]
		begins := !v.Stored && v.record == r
		if !begins && r.Visit.UserID == "" {
			continue
		}
		k := visitorKey{v.SiteID, v.Visitor.ID}
		p := byKey[k]
		if p == nil {
			p = &Visitor{
				SiteID: v.SiteID, ID: v.Visitor.ID, Token: v.Visitor.Token,
				FirstSeen: v.StartedAt, LastSeen: v.StartedAt,
			}
			byKey[k] = p
			b.visitors = append(b.visitors, p)
		}
		v.visitor = p
		if begins {
			p.Began++
			if v.StartedAt.Before(p.FirstSeen) {
				p.FirstSeen = v.StartedAt
			}
			if v.StartedAt.After(p.LastSeen) {
				p.LastSeen = v.StartedAt
			}
		}
	}
	slices.SortFunc(b.visitors, func(x, y *Visitor) int {
		return cmp.Or(cmp.Compare(x.SiteID, y.SiteID), cmp.Compare(x.ID, y.ID))
	})
}

// assign applies the rules, now that the visitors' users are known.
func (b *batch) assign() {
	ordinals := make(map[*Visitor]int)
	for _, p := range b.visitors {
		p.NewUserID, p.Link = p.UserID, ""
		ordinals[p] = p.Visits - p.Began
	}
	for _, v := range b.visits {
		v.UserID = v.StoredUser
	}
	users := make(map[visitKey]*User)
	for i, r := range b.records {
		v := b.of[i]
		p := v.visitor
		if p == nil {
			continue
		}
		name := r.Visit.UserID
		begins := !v.Stored && v.record == r
		if begins {
			ordinals[p]++
			v.Ordinal = ordinals[p]
			p.begun = append(p.begun, v)
			v.UserID = cmp.Or(name, p.NewUserID)
		}
		newly := name != "" && p.NewUserID != name
		if name != "" {
			if v.UserID == "" {
				v.UserID = name
			}
			if p.NewUserID == "" {
				p.Link = name
				for _, other := range p.begun {
					if other.UserID == "" {
						other.UserID = name
					}
				}
			}
			p.NewUserID = name
		}
		touched := ""
		switch {
		case name != "" && (begins || newly || len(r.Traits) > 0):
			touched = name
		case begins:
			touched = v.UserID
		}
		if touched == "" {
			continue
		}
		k := visitKey{v.SiteID, touched}
		u := users[k]
		if u == nil {
			u = &User{SiteID: v.SiteID, ID: touched, FirstSeen: v.StartedAt, LastSeen: v.StartedAt}
			users[k] = u
			b.users = append(b.users, u)
		}
		if v.StartedAt.Before(u.FirstSeen) {
			u.FirstSeen = v.StartedAt
		}
		if r.Visit.LastAt.After(u.LastSeen) {
			u.LastSeen = r.Visit.LastAt
		}
		if touched == name {
			u.Traits = MergeTraits(u.Traits, r.Traits)
		}
	}
	slices.SortFunc(b.users, func(x, y *User) int {
		return cmp.Or(cmp.Compare(x.SiteID, y.SiteID), strings.Compare(x.ID, y.ID))
	})
}

// writeIdentities stores what identify found.
func (b *batch) writeIdentities(ctx context.Context, tx Tx) error {
	changed := filter(b.visitors, func(p *Visitor) bool { return p.NewUserID != p.UserID })
	if len(changed) > 0 {
		if err := tx.SetVisitorUsers(ctx, changed); err != nil {
			return fmt.Errorf("set visitors' users: %w", err)
		}
	}
	if len(b.users) > 0 {
		if err := tx.PutUsers(ctx, b.users); err != nil {
			return fmt.Errorf("put users: %w", err)
		}
	}
	return nil
}

// MaxTraits is how many bytes of traits a user may gather; what would make
// them more is left out, or anybody could fill the disk through one user.
const MaxTraits = 64 << 10

// MergeTraits is the JSON object old with the members of new put over its
// own, not deeper. Either may be nil; both were checked to be objects.
func MergeTraits(old, new []byte) []byte {
	if len(new) == 0 || len(old) == 0 {
		return append(bytes.Clone(old), new...)
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(old, &members)
	_ = json.Unmarshal(new, &members)
	merged, _ := json.Marshal(members)
	if len(merged) > MaxTraits {
		return old
	}
	return merged
}
