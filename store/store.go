// Package store says what a store must do, and batches what is written to
// it. The engines are store/sqlite and store/postgres; store/storetest is the
// suite that both pass.
package store

import (
	"context"
	"time"

	"wake/tracker"
)

// Writer writes what the collector recorded.
//
// Write commits all records in one transaction or none. It is idempotent:
// an event whose (visit, event id) is stored already changes nothing, except
// that a larger EngagedMS raises the stored one. A record's visit is found
// by (site, token); the first values win, but the arrival of a stub gives
// way to that of the first record that is none. A visit's start is the
// earliest of its records' StartedAt, and an event is never before its visit:
// an earlier Time is raised to the visit's start (Ahoy's rule; known visits
// need no read for it when the start is cached with the id). last_at is the
// latest of StartedAt, LastAt and the events' times. Write sets each
// record's Result. Records of one batch may concern the same visit, even hold the
// same event; they count as if written one after the other.
//
// Errors: IsTemporary tells whether trying the same batch again later may
// help. Write must not be called concurrently by one process unless the
// engine says otherwise.
type Writer interface {
	Write(ctx context.Context, batch []*tracker.Record) error
}

// Visits finds stored visits, for visitors who bring no visit token.
type Visits interface {
	// LastVisit is the visitor's visit with the latest start that is not
	// after notAfter, and false when there is none.
	LastVisit(ctx context.Context, site int64, visitor tracker.VisitorID, notAfter time.Time) (tracker.VisitRef, bool, error)
}

// Salts keeps the secrets that cookieless visitors' ids are made with.
type Salts interface {
	// Salt is the salt of a day (as "2006-01-02", UTC), made when it is first
	// asked for; all nodes get the same. 32 random bytes.
	Salt(ctx context.Context, day string) ([]byte, error)
	// DropSalts throws away the salts of all days before day.
	DropSalts(ctx context.Context, day string) error
}

// Key is an API key. The key itself is shown once and never stored.
type Key struct {
	ID        int64
	Hash      []byte // SHA-256 of the key
	Prefix    string // its first characters, to tell keys apart
	Name      string
	Scope     Scope
	SiteID    int64 // 0: all sites
	CreatedAt time.Time
	RevokedAt time.Time // zero: in force
}

// Scope is what a key may do; each includes the ones before it.
type Scope string

const (
	ScopeRead  Scope = "read"  // ask questions
	ScopeWrite Scope = "write" // send hits, publish
	ScopeAdmin Scope = "admin" // change sites, keys, users
)

// Member is an account that may sign in to the dashboard. (A user is a
// person whom a site identified, see tracker.User.)
type Member struct {
	ID           int64
	Email        string // lower case, unique
	Role         Role
	PasswordHash string // argon2id in PHC format
	CreatedAt    time.Time
}

// Role is what a member may do.
type Role string

const (
	RoleAdmin  Role = "admin"
	RoleViewer Role = "viewer"
)

// Admin keeps sites, keys and members. Lists are ordered by id. Not found is
// a tracker.Error of CodeNotFound, a taken key, hash or email CodeConflict.
type Admin interface {
	Sites(ctx context.Context) ([]tracker.Site, error)
	// AddSite stores a new site and returns it with its id.
	AddSite(ctx context.Context, s tracker.Site) (tracker.Site, error)
	// SetSite changes everything but id, key and creation time.
	SetSite(ctx context.Context, s tracker.Site) error
	RemoveSite(ctx context.Context, id int64) error

	Keys(ctx context.Context) ([]Key, error)
	AddKey(ctx context.Context, k Key) (Key, error)
	RevokeKey(ctx context.Context, id int64, at time.Time) error

	Members(ctx context.Context) ([]Member, error)
	AddMember(ctx context.Context, m Member) (Member, error)
	SetMember(ctx context.Context, m Member) error
	RemoveMember(ctx context.Context, id int64) error
}

// VisitFilter chooses visits of one site, newest start first.
type VisitFilter struct {
	SiteID  int64             // 0: all sites
	Before  tracker.VisitID   // only visits with a lower id; 0: from the newest
	From    time.Time         // started at or after; zero: no bound
	To      time.Time         // started before; zero: no bound
	Visitor tracker.VisitorID // 0: any
	UserID  string            // "": any
	Bots    bool              // include bots
	Limit   int               // 1 to 1000
}

// Reader reads visits and their events back.
type Reader interface {
	// Visits are at most f.Limit visits, ordered by id, highest first. The
	// last one's id is the next page's Before.
	Visits(ctx context.Context, f VisitFilter) ([]tracker.Visit, error)
	// Visit is one visit, or CodeNotFound.
	Visit(ctx context.Context, id tracker.VisitID) (tracker.Visit, error)
	// Events are a visit's events in order of time, then seq, then id:
	// at most limit, after the first offset.
	Events(ctx context.Context, visit tracker.VisitID, offset, limit int) ([]tracker.Event, error)
	// User is one person a site identified, or CodeNotFound.
	User(ctx context.Context, site int64, id string) (tracker.User, error)
}

// Keeper does the chores of a store.
type Keeper interface {
	// Migrate brings the schema to the newest version.
	Migrate(ctx context.Context) error
	// Version is the schema's version and the newest one known; dirty means
	// that a migration broke off.
	Version(ctx context.Context) (have, want uint, dirty bool, err error)
	// Prepare creates what must exist ahead of time (monthly partitions).
	Prepare(ctx context.Context, now time.Time) error
	// Retain deletes a site's visits, with all that belongs to them, that
	// started before t, a bounded number at a time; it says how many went
	// and returns when none is left or ctx ends.
	Retain(ctx context.Context, site int64, t time.Time) (int64, error)
	// Ping says whether the store answers and can be written to.
	Ping(ctx context.Context) error
	Close() error
}

// Store is all that an engine does.
type Store interface {
	Writer
	Visits
	Salts
	Admin
	Reader
	Keeper
}
