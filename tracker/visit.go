package tracker

import "time"

// Visit is one stay of one visitor on one site: what is known of how they
// came, where they are and with what, and, kept with every event, how it
// goes. In JSON and SQL the fields have the same names in snake_case.
type Visit struct {
	ID        VisitID   // time-ordered, see NewVisitID
	SiteID    int64     //
	Token     string    // the client's visit token, unique within the site
	Visitor   Visitor   //
	UserID    string    // the site's own id of the person, "" until identified
	StartedAt time.Time // ms
	LastAt    time.Time // ms; last sign of life

	// Stub says that only events have been seen so far: Landing and the
	// like are empty, and a late visit hit may still bring them.
	Stub bool

	Arrival
	Device
	Place
	Client

	// Kept by the store with every batch; ignored in a Record.
	EntryPage string // path of the first page view
	ExitPage  string // path of the last page view
	Views     int    // page views
	Events    int    // all events, page views included
	EngagedMS int64  // ms in which a page was visible and focused
	Ordinal   int    // 1 for the visitor's first visit, 2 for the next
}

// Visitor is one browser (or app, or anonymity set) as one site sees it.
type Visitor struct {
	ID    VisitorID // hash of site and token
	Token string    // the client's visitor token, or the derived one
}

// Arrival is how a visit began: its source, kept as the first values seen.
type Arrival struct {
	LandingPage     string // full URL
	Referrer        string // full URL
	ReferringDomain string // its host
	Source          string // "Google", "newsletter", "news.example"; "" is direct
	Channel         string // see docs/sources.md
	Keyword         string // search keyword, where the referrer still has one
	UTMSource       string
	UTMMedium       string
	UTMTerm         string
	UTMContent      string
	UTMCampaign     string
	ClickID         string // value of gclid, fbclid, …
	ClickIDKind     string // "gclid", "fbclid", …
}

// Device is what the user agent and client hints say.
type Device struct {
	Browser        string
	BrowserVersion string
	OS             string
	OSVersion      string
	DeviceType     string // desktop, mobile, tablet, tv, console, wearable, car, …
	DeviceBrand    string
	DeviceModel    string
	Bot            string // why this is taken for a bot, "" for people
	BotName        string // which bot, where known
}

// Place is where the address is.
type Place struct {
	Country    string // ISO 3166-1 alpha-2
	Region     string
	City       string
	PostalCode string
	Latitude   float64
	Longitude  float64
	HasPoint   bool // whether latitude and longitude are known
}

// Client is what the client says of itself.
type Client struct {
	Address      string // masked unless the site wants it whole
	UserAgent    string // raw, "" when the site drops it
	Language     string // BCP 47, of the browser
	TimeZone     string // IANA name, of the browser
	ScreenWidth  int    // CSS pixels
	ScreenHeight int
	Platform     string // "Web", "iOS", "Android"
	AppVersion   string
}

// Event is something that happened in a visit.
type Event struct {
	ID         EventID   // the client's, else the collector's
	Name       string    // "$view", "$click", "Bought"; 1 to 128 bytes
	Time       time.Time // ms
	Seq        int       // order within one request, for events of the same ms
	Path       string    // page on which it happened, "" when unknown
	Title      string    // of that page
	Properties []byte    // a JSON object, or nil
	Revenue    int64     // in ten-thousandths of the currency's unit, may be negative
	Currency   string    // ISO 4217, "" without revenue
	EngagedMS  int64     // ms engaged with this page view so far; a resent event may raise it

	// Touch is set on a page view that brings the visitor back by another
	// source within the visit, so that attribution can count every touch.
	Touch *Arrival
}

// IsView reports whether the event is a page view.
func (e *Event) IsView() bool { return e.Name == EventView }

// Names of the events that clients record by themselves. Those with "$" are
// Ahoy's, shared by both wires.
const (
	EventView     = "$view"
	EventClick    = "$click"
	EventSubmit   = "$submit"
	EventChange   = "$change"
	EventOutbound = "$outbound"
	EventDownload = "$download"
	EventIdentify = "$identify"
)

// Record is what the collector makes of one hit: the visit as far as this
// hit knows it, and its events. A sink commits it whole or not at all.
type Record struct {
	Visit  Visit
	Traits []byte // JSON object of the user's traits, or nil; needs Visit.UserID
	Events []Event

	// Result is set by the sink before it answers.
	Result Result
}

// Result says what a committed Record changed.
type Result struct {
	VisitID VisitID // the stored visit's id (the record's own, if it was new)
	Created bool    // the visit was new
	New     []bool  // for each event, whether it was new; a repeated one is not
}

// User is a person whom the site identified; journeys join by it.
type User struct {
	SiteID    int64
	ID        string
	Traits    []byte // JSON object
	FirstSeen time.Time
	LastSeen  time.Time
}

// VisitRef is as much of a stored visit as it takes to go on with it.
type VisitRef struct {
	ID        VisitID
	Token     string
	StartedAt time.Time
	LastAt    time.Time
}
