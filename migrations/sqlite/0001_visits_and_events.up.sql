-- Sites, and who may do what.
CREATE TABLE sites (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT NOT NULL UNIQUE,        -- public, stands in the snippet
    name       TEXT NOT NULL,
    hosts      TEXT NOT NULL,               -- array of host patterns
    time_zone  TEXT NOT NULL,
    settings   TEXT NOT NULL,               -- tracker.Settings
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB NOT NULL UNIQUE,        -- SHA-256 of the key, which is not stored
    prefix     TEXT NOT NULL,
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    site_id    INTEGER NOT NULL,            -- 0: all sites
    created_at INTEGER NOT NULL,
    revoked_at INTEGER                      -- NULL: in force
) STRICT;

CREATE TABLE members (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    email         TEXT NOT NULL UNIQUE,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

-- Secrets of cookieless visitors' ids, thrown away after two days.
CREATE TABLE salts (
    day  TEXT PRIMARY KEY,                  -- 2006-01-02, UTC
    salt BLOB NOT NULL
) STRICT;

-- One row a visitor: numbers the visits, and remembers who it turned out to
-- be. first_seen and last_seen are the earliest and latest start of a visit;
-- it is written when a visit begins or is identified, not with every event.
CREATE TABLE visitors (
    site_id    INTEGER NOT NULL,
    id         INTEGER NOT NULL,            -- hash of site and token
    token      TEXT NOT NULL,
    user_id    TEXT NOT NULL DEFAULT '',
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    visits     INTEGER NOT NULL,            -- how many have begun
    PRIMARY KEY (site_id, id)
) STRICT, WITHOUT ROWID;

-- One row a person whom the site identified.
CREATE TABLE users (
    site_id    INTEGER NOT NULL,
    id         TEXT NOT NULL,               -- the site's own
    traits     TEXT,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    PRIMARY KEY (site_id, id)
) STRICT, WITHOUT ROWID;

-- One row a visit: what is known of it from its beginning. Written once, or
-- twice if a stub was told more; what goes on in it is in visit_activity.
CREATE TABLE visits (
    id               INTEGER PRIMARY KEY,   -- tracker.VisitID: ordered by start
    site_id          INTEGER NOT NULL,
    visitor_id       INTEGER NOT NULL,
    started_at       INTEGER NOT NULL,
    stub             INTEGER NOT NULL,      -- only events seen so far
    token            TEXT NOT NULL,
    visitor_token    TEXT NOT NULL,
    user_id          TEXT NOT NULL DEFAULT '',
    landing_page     TEXT NOT NULL DEFAULT '',
    referrer         TEXT NOT NULL DEFAULT '',
    referring_domain TEXT NOT NULL DEFAULT '',
    source           TEXT NOT NULL DEFAULT '',
    channel          TEXT NOT NULL DEFAULT '',
    keyword          TEXT NOT NULL DEFAULT '',
    utm_source       TEXT NOT NULL DEFAULT '',
    utm_medium       TEXT NOT NULL DEFAULT '',
    utm_term         TEXT NOT NULL DEFAULT '',
    utm_content      TEXT NOT NULL DEFAULT '',
    utm_campaign     TEXT NOT NULL DEFAULT '',
    click_id         TEXT NOT NULL DEFAULT '',
    click_id_kind    TEXT NOT NULL DEFAULT '',
    browser          TEXT NOT NULL DEFAULT '',
    browser_version  TEXT NOT NULL DEFAULT '',
    os               TEXT NOT NULL DEFAULT '',
    os_version       TEXT NOT NULL DEFAULT '',
    device_type      TEXT NOT NULL DEFAULT '',
    device_brand     TEXT NOT NULL DEFAULT '',
    device_model     TEXT NOT NULL DEFAULT '',
    bot              TEXT NOT NULL DEFAULT '', -- why it is taken for one; '' for people
    bot_name         TEXT NOT NULL DEFAULT '',
    country          TEXT NOT NULL DEFAULT '',
    region           TEXT NOT NULL DEFAULT '',
    city             TEXT NOT NULL DEFAULT '',
    postal_code      TEXT NOT NULL DEFAULT '',
    latitude         REAL,                  -- both NULL when unknown
    longitude        REAL,
    address          TEXT NOT NULL DEFAULT '',
    user_agent       TEXT NOT NULL DEFAULT '',
    language         TEXT NOT NULL DEFAULT '',
    time_zone        TEXT NOT NULL DEFAULT '',
    screen_width     INTEGER NOT NULL DEFAULT 0,
    screen_height    INTEGER NOT NULL DEFAULT 0,
    platform         TEXT NOT NULL DEFAULT '',
    app_version      TEXT NOT NULL DEFAULT '',
    ordinal          INTEGER NOT NULL DEFAULT 0, -- 1 for the visitor's first visit
    UNIQUE (site_id, token)
) STRICT;
CREATE INDEX visits_site ON visits (site_id, id);
CREATE INDEX visits_visitor ON visits (site_id, visitor_id, id);
CREATE INDEX visits_user ON visits (site_id, user_id, id) WHERE user_id <> '';

-- One row a visit: what goes on in it. Kept with every batch: narrow, so that
-- a batch that adds to a hundred visits changes a few pages, not a hundred.
CREATE TABLE visit_activity (
    visit_id      INTEGER PRIMARY KEY,
    last_at       INTEGER NOT NULL,          -- last sign of life
    views         INTEGER NOT NULL,
    events        INTEGER NOT NULL,
    engaged_ms    INTEGER NOT NULL,
    entry_page_id INTEGER NOT NULL,          -- terms; 0 while there is no view
    exit_page_id  INTEGER NOT NULL,
    -- When the entry and exit views were: ms * 4096 + order in the request;
    -- the greatest and least number there is while there is no view.
    entry_order   INTEGER NOT NULL,
    exit_order    INTEGER NOT NULL
) STRICT;

-- Page paths and titles, each stored once. The id is a hash of the value,
-- so writing needs no look-up; 0 is the empty one, which has no row.
CREATE TABLE terms (
    id    INTEGER PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- One row an event, in the order they came, so that a batch fills a few pages
-- at the end; the key is for the journey and for counting once.
CREATE TABLE events (
    visit_id   INTEGER NOT NULL,
    id         BLOB NOT NULL,
    visitor_id INTEGER NOT NULL,
    site_id    INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    path_id    INTEGER NOT NULL,
    title_id   INTEGER NOT NULL,
    engaged_ms INTEGER NOT NULL,
    revenue    INTEGER,                     -- ten-thousandths of the currency's unit
    seq        INTEGER NOT NULL,            -- order within one request
    name       TEXT NOT NULL,
    currency   TEXT NOT NULL,
    properties TEXT,
    PRIMARY KEY (visit_id, id)
) STRICT;

-- How a visitor came back within a visit: the arrival of one page view.
CREATE TABLE touches (
    visit_id         INTEGER NOT NULL,
    event_id         BLOB NOT NULL,
    time             INTEGER NOT NULL,
    landing_page     TEXT NOT NULL,
    referrer         TEXT NOT NULL,
    referring_domain TEXT NOT NULL,
    source           TEXT NOT NULL,
    channel          TEXT NOT NULL,
    keyword          TEXT NOT NULL,
    utm_source       TEXT NOT NULL,
    utm_medium       TEXT NOT NULL,
    utm_term         TEXT NOT NULL,
    utm_content      TEXT NOT NULL,
    utm_campaign     TEXT NOT NULL,
    click_id         TEXT NOT NULL,
    click_id_kind    TEXT NOT NULL,
    PRIMARY KEY (visit_id, event_id)
) STRICT, WITHOUT ROWID;

-- Visits as people and queries want to see them.
CREATE VIEW visit_summaries AS
    SELECT v.*, a.last_at, a.views, a.events, a.engaged_ms,
        COALESCE(entry.value, '') AS entry_page, COALESCE(leave.value, '') AS exit_page
    FROM visits v
    JOIN visit_activity a ON a.visit_id = v.id
    LEFT JOIN terms entry ON entry.id = a.entry_page_id
    LEFT JOIN terms leave ON leave.id = a.exit_page_id;

UPDATE schema_migrations SET dirty = FALSE; -- see package migrations
