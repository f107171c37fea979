package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"wake/store"
	"wake/tracker"
)

// Sites is store.Admin's.
func (d *DB) Sites(ctx context.Context) ([]tracker.Site, error) {
	var sites []tracker.Site
	err := d.rows(ctx, func(rows *sql.Rows) error {
		var s tracker.Site
		var hosts, settings []byte
		err := rows.Scan(&s.ID, &s.Key, &s.Name, &hosts, &s.TimeZone, &settings, Millis{&s.CreatedAt})
		if err == nil {
			err = json.Unmarshal(hosts, &s.Hosts)
		}
		if err == nil {
			err = json.Unmarshal(settings, &s.Settings)
		}
		sites = append(sites, s)
		return err
	}, "SELECT id, key, name, hosts, time_zone, settings, created_at FROM sites ORDER BY id")
	return sites, err
}

// siteJSON is a site's hosts and settings as they are stored.
func siteJSON(s tracker.Site) (hosts, settings string, err error) {
	h, err := json.Marshal(append([]string{}, s.Hosts...))
	if err != nil {
		return "", "", fmt.Errorf("hosts: %w", err)
	}
	b, err := json.Marshal(s.Settings)
	if err != nil {
		return "", "", fmt.Errorf("settings: %w", err)
	}
	return string(h), string(b), nil
}

// AddSite is store.Admin's.
func (d *DB) AddSite(ctx context.Context, s tracker.Site) (tracker.Site, error) {
	hosts, settings, err := siteJSON(s)
	if err != nil {
		return s, err
	}
	err = d.Write.QueryRowContext(ctx, `INSERT INTO sites (key, name, hosts, time_zone, settings, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`, s.Key, s.Name, hosts, s.TimeZone, settings, s.CreatedAt.UnixMilli()).Scan(&s.ID)
	return s, d.Translate(err)
}

// SetSite is store.Admin's.
func (d *DB) SetSite(ctx context.Context, s tracker.Site) error {
	hosts, settings, err := siteJSON(s)
	if err != nil {
		return err
	}
	return d.changeOne(ctx, "site", "UPDATE sites SET name = $1, hosts = $2, time_zone = $3, settings = $4 WHERE id = $5",
		s.Name, hosts, s.TimeZone, settings, s.ID)
}

// DeleteSite deletes a site and its keys, not its visits.
func (d *DB) DeleteSite(ctx context.Context, id int64) error {
	if _, err := d.Write.ExecContext(ctx, "DELETE FROM keys WHERE site_id = $1", id); err != nil {
		return d.Translate(err)
	}
	return d.changeOne(ctx, "site", "DELETE FROM sites WHERE id = $1", id)
}

// Keys is store.Admin's.
func (d *DB) Keys(ctx context.Context) ([]store.Key, error) {
	var keys []store.Key
	err := d.rows(ctx, func(rows *sql.Rows) error {
		var k store.Key
		err := rows.Scan(&k.ID, &k.Hash, &k.Prefix, &k.Name, &k.Scope, &k.SiteID, Millis{&k.CreatedAt}, Millis{&k.RevokedAt})
		keys = append(keys, k)
		return err
	}, "SELECT id, hash, prefix, name, scope, site_id, created_at, revoked_at FROM keys ORDER BY id")
	return keys, err
}

// AddKey is store.Admin's.
func (d *DB) AddKey(ctx context.Context, k store.Key) (store.Key, error) {
	var revoked any
	if !k.RevokedAt.IsZero() {
		revoked = k.RevokedAt.UnixMilli()
	}
	err := d.Write.QueryRowContext(ctx, `INSERT INTO keys (hash, prefix, name, scope, site_id, created_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
		k.Hash, k.Prefix, k.Name, string(k.Scope), k.SiteID, k.CreatedAt.UnixMilli(), revoked).Scan(&k.ID)
	return k, d.Translate(err)
}

// RevokeKey is store.Admin's; a key that is revoked already stays revoked
// since then.
func (d *DB) RevokeKey(ctx context.Context, id int64, at time.Time) error {
	return d.changeOne(ctx, "key", "UPDATE keys SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2", at.UnixMilli(), id)
}

// Members is store.Admin's.
func (d *DB) Members(ctx context.Context) ([]store.Member, error) {
	var members []store.Member
	err := d.rows(ctx, func(rows *sql.Rows) error {
		var m store.Member
		err := rows.Scan(&m.ID, &m.Email, &m.Role, &m.PasswordHash, Millis{&m.CreatedAt})
		members = append(members, m)
		return err
	}, "SELECT id, email, role, password_hash, created_at FROM members ORDER BY id")
	return members, err
}

// AddMember is store.Admin's.
func (d *DB) AddMember(ctx context.Context, m store.Member) (store.Member, error) {
	err := d.Write.QueryRowContext(ctx, `INSERT INTO members (email, role, password_hash, created_at)
		VALUES ($1, $2, $3, $4) RETURNING id`, m.Email, string(m.Role), m.PasswordHash, m.CreatedAt.UnixMilli()).Scan(&m.ID)
	return m, d.Translate(err)
}

// SetMember is store.Admin's: everything but id and creation time.
func (d *DB) SetMember(ctx context.Context, m store.Member) error {
	return d.changeOne(ctx, "member", "UPDATE members SET email = $1, role = $2, password_hash = $3 WHERE id = $4",
		m.Email, string(m.Role), m.PasswordHash, m.ID)
}

// RemoveMember is store.Admin's.
func (d *DB) RemoveMember(ctx context.Context, id int64) error {
	return d.changeOne(ctx, "member", "DELETE FROM members WHERE id = $1", id)
}

// Salt is store.Salts'.
func (d *DB) Salt(ctx context.Context, day string) ([]byte, error) {
	var salt []byte
	read := func() error {
		return d.Read.QueryRowContext(ctx, "SELECT salt FROM salts WHERE day = $1", day).Scan(&salt)
	}
	err := read()
	if isNoRows(err) {
		made := make([]byte, 32)
		_, _ = rand.Read(made) // never fails since Go 1.24
		if _, err := d.Write.ExecContext(ctx, "INSERT INTO salts (day, salt) VALUES ($1, $2) ON CONFLICT DO NOTHING", day, made); err != nil {
			return nil, d.Translate(err)
		}
		err = read() // another node's may have been first
	}
	return salt, d.Translate(err)
}

// DropSalts is store.Salts'.
func (d *DB) DropSalts(ctx context.Context, day string) error {
	_, err := d.Write.ExecContext(ctx, "DELETE FROM salts WHERE day < $1", day)
	return d.Translate(err)
}
