// Package synthetic makes visits that look like those of a shop, for trying
// Wake out and for measuring it. The same seed makes the same visits, but for
// their row ids.
package synthetic

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"wake/tracker"
)

// Config says what to make.
type Config struct {
	SiteID int64
	Visits int       // how many
	From   time.Time // spread over [From, To), more by day than by night
	To     time.Time
	Seed   uint64
}

// Generator makes records in order of time. Not safe for concurrent use.
type Generator struct {
	cfg  Config
	rng  *rand.Rand
	ids  tracker.IDs
	made int

	people []person // who came lately, to come again
}

// person is a visitor who may return: with the same browser, from the same
// place, often known by name after having bought something.
type person struct {
	token  string
	device *agent
	place  *place
	user   string
}

// New is a generator.
func New(cfg Config) *Generator {
	return &Generator{cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 0x77616b65))}
}

// Next is the next visit with its events, and false after the last one.
func (g *Generator) Next() (*tracker.Record, bool) {
	if g.made >= g.cfg.Visits {
		return nil, false
	}
	start := g.start()
	g.made++

	who, again := g.person()
	rec := &tracker.Record{}
	v := &rec.Visit
	v.ID = g.ids.New(start)
	v.SiteID = g.cfg.SiteID
	v.Token = g.token()
	v.Visitor = tracker.Visitor{ID: tracker.NewVisitorID(g.cfg.SiteID, who.token), Token: who.token}
	v.StartedAt = start
	v.Device = who.device.device
	v.UserAgent = who.device.userAgent
	v.ScreenWidth, v.ScreenHeight = who.device.width, who.device.height
	v.Place = who.place.place
	v.Language, v.TimeZone = who.place.language, who.place.timeZone
	v.Address = fmt.Sprintf("%d.%d.%d.0", 1+g.rng.IntN(222), g.rng.IntN(256), g.rng.IntN(256))
	v.Platform = "Web"
	g.arrive(v, again)
	g.walk(rec, who)
	return rec, true
}

// start is when the visit number made begins: the days fill evenly, the
// hours as people sleep.
func (g *Generator) start() time.Time {
	span := g.cfg.To.Sub(g.cfg.From)
	x := (float64(g.made) + g.rng.Float64()) / float64(g.cfg.Visits)
	t := g.cfg.From.Add(time.Duration(x * float64(span)))
	day := t.Truncate(24 * time.Hour)
	h := float64(t.Sub(day)) / float64(24*time.Hour) // 0..1 through the day
	// A monotone warp that thins out the night: h + a·sin has its slowest
	// hours around noon UTC, where therefore most visits fall.
	h += 0.11 * math.Sin(2*math.Pi*h)
	t = day.Add(time.Duration(h * float64(24*time.Hour)))
	if t.Before(g.cfg.From) {
		t = g.cfg.From
	}
	return t.Truncate(time.Millisecond)
}

// person is somebody new, or (again) somebody who was here lately.
func (g *Generator) person() (who *person, again bool) {
	if len(g.people) > 50 && g.rng.Float64() < 0.35 {
		return &g.people[g.rng.IntN(len(g.people))], true
	}
	p := person{token: g.token(), device: pick(g.rng, agents), place: pick(g.rng, places)}
	const keep = 20_000
	if len(g.people) < keep {
		g.people = append(g.people, p)
		return &g.people[len(g.people)-1], false
	}
	i := g.rng.IntN(keep)
	g.people[i] = p
	return &g.people[i], false
}

func (g *Generator) arrive(v *tracker.Visit, again bool) {
	from := pick(g.rng, arrivals)
	if again && g.rng.Float64() < 0.5 {
		from = &arrivals[0] // direct
	}
	v.Arrival = from.arrival
	path := "/"
	if g.rng.Float64() < 0.55 {
		path = g.page()
	}
	v.LandingPage = "https://shop.example" + path + from.query
}

// walk fills the visit with page views and what happens on them.
func (g *Generator) walk(rec *tracker.Record, who *person) {
	v := &rec.Visit
	t := v.StartedAt
	path := landingPath(v.LandingPage)
	if g.rng.Float64() < 0.42 { // a bounce
		g.view(rec, t, path, 2000+g.rng.Int64N(40_000))
		v.LastAt = t
		return
	}
	steps := 2 + int(g.rng.ExpFloat64()*3)
	for range min(steps, 40) {
		engaged := int64(3000 + g.rng.ExpFloat64()*25_000)
		g.view(rec, t, path, engaged)
		t = t.Add(time.Duration(engaged)*time.Millisecond + time.Duration(g.rng.Int64N(9000))*time.Millisecond)
		if g.rng.Float64() < 0.25 {
			g.event(rec, t, tracker.EventClick, path, map[string]any{"tag": "a", "text": "More", "page": path})
		}
		path = g.page()
	}
	if g.rng.Float64() < 0.16 {
		t = g.buy(rec, t, who)
	}
	v.LastAt = t
}

// buy goes through the funnel, from which people drop out at every step.
func (g *Generator) buy(rec *tracker.Record, t time.Time, who *person) time.Time {
	next := func() time.Time {
		t = t.Add(time.Duration(5+g.rng.IntN(60)) * time.Second)
		return t
	}
	p := pick(g.rng, products)
	g.view(rec, next(), "/product/"+p.slug, 20_000)
	g.event(rec, next(), "Added to cart", "/product/"+p.slug, map[string]any{"sku": p.slug, "price": p.cents / 100})
	for _, step := range []struct {
		path string
		stay float64
	}{{"/cart", 0.7}, {"/checkout", 0.6}, {"/checkout/payment", 0.8}} {
		g.view(rec, next(), step.path, 15_000)
		if g.rng.Float64() > step.stay {
			return t
		}
	}
	if who.user == "" {
		who.user = fmt.Sprint("u", 1000+g.rng.IntN(1_000_000))
	}
	rec.Visit.UserID = who.user
	e := g.event(rec, next(), "Bought", "/checkout/payment", map[string]any{"sku": p.slug, "quantity": 1 + g.rng.IntN(3)})
	e.Revenue, e.Currency = p.cents*100, "EUR"
	g.view(rec, next(), "/thanks", 8000)
	return t
}

func (g *Generator) view(rec *tracker.Record, t time.Time, path string, engaged int64) {
	e := g.event(rec, t, tracker.EventView, path, nil)
	e.EngagedMS = engaged
}

func (g *Generator) event(rec *tracker.Record, t time.Time, name, path string, props map[string]any) *tracker.Event {
	e := tracker.Event{ID: g.eventID(), Name: name, Time: t, Seq: len(rec.Events), Path: path, Title: title(path)}
	if props != nil {
		e.Properties, _ = json.Marshal(props) // strings and numbers always do
	}
	rec.Events = append(rec.Events, e)
	return &rec.Events[len(rec.Events)-1]
}

func (g *Generator) page() string {
	switch x := g.rng.Float64(); {
	case x < 0.12:
		return "/"
	case x < 0.40:
		return "/category/" + *pick(g.rng, categories)
	case x < 0.80:
		return "/product/" + pick(g.rng, products).slug
	case x < 0.92:
		return fmt.Sprintf("/blog/%d", 1+int(g.rng.ExpFloat64()*30))
	default:
		return *pick(g.rng, []string{"/about", "/help", "/search", "/contact"})
	}
}

func (g *Generator) token() string {
	id := g.eventID()
	return id.String()
}

func (g *Generator) eventID() (id tracker.EventID) {
	binary.LittleEndian.PutUint64(id[:8], g.rng.Uint64())
	binary.LittleEndian.PutUint64(id[8:], g.rng.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// pick takes the first entries much more often than the last ones.
func pick[T any](rng *rand.Rand, list []T) *T {
	x := rng.Float64()
	return &list[int(x*x*float64(len(list)))]
}
