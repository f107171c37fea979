package web

import (
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
)

// product is something that the demo shop pretends to sell.
type product struct {
	SKU, Name, Category, Blurb, Detail string
	Cents                              int    // EUR
	Art                                string // file in demo/art
}

// Price is how the price is written in the shop.
func (p product) Price() string { return fmt.Sprintf("€%d.%02d", p.Cents/100, p.Cents%100) }

// Amount is the price as the beacon sends it.
func (p product) Amount() string { return fmt.Sprintf("%d.%02d", p.Cents/100, p.Cents%100) }

type category struct{ Slug, Name, Blurb string }

var categories = []category{
	{"on-board", "On board", "Small things that earn their place in a small boat."},
	{"to-wear", "To wear", "Warm when wet, quick to dry, easy to mend."},
	{"at-home", "At home", "For the days when the wind stays away."},
}

var products = []product{
	{"OB-1", "Ash paddle", "on-board", "One piece of ash, oiled by hand.", "Steam-bent from a single board, 150 cm long, with a blade that is quiet in the water. Oil it once a year and it will outlast the canoe.", 12900, "paddle"},
	{"OB-2", "Dry bag, 20 litres", "on-board", "Rolls three times, keeps everything out.", "Welded seams and a roll top with a proper buckle. It floats when you let go of it, which you will.", 3400, "bag"},
	{"OB-3", "Brass lantern", "on-board", "Eight hours of light on one fill.", "A spun brass tank, a glass that survives falls from a thwart, and a flame that you can see from the far shore.", 6850, "lantern"},
	{"TW-1", "Guernsey sweater", "to-wear", "Knitted tight enough to turn rain.", "Five-ply worsted wool, the same front and back so that elbows wear evenly. Comes with a card of matching yarn for repairs.", 14900, "sweater"},
	{"TW-2", "Watch cap", "to-wear", "Merino, long enough to fold twice.", "Ribbed merino that does not itch. It fits under a hood and in every pocket.", 2900, "cap"},
	{"TW-3", "Deck shoes", "to-wear", "Grip on wet teak, leave no marks.", "Waxed suede with a razor-cut sole that can be replaced. Break them in on the quay.", 9800, "shoe"},
	{"AH-1", "Enamel mug", "at-home", "The one that never breaks.", "Two coats of enamel on steel. A chip is a story; it does not leak.", 1450, "mug"},
	{"AH-2", "Tide clock", "at-home", "High water at a glance.", "Set it at high tide once. From then on the hand tells how long until the next, on every coast with two tides a day.", 5900, "clock"},
	{"AH-3", "Rope doormat", "at-home", "Spliced from retired mooring lines.", "Every one differs, as the ropes do. It takes sand well and rinses clean.", 4600, "mat"},
}

// demo is a small shop of several pages that carries the snippet, so that a
// new installation has something to click on.
type demo struct {
	cfg   Config
	pages map[string]*template.Template
}

func newDemo(cfg Config) *demo {
	d := &demo{cfg: cfg, pages: make(map[string]*template.Template)}
	names, _ := fs.Glob(files, "demo/pages/*.html")
	for _, name := range names {
		base := strings.TrimSuffix(strings.TrimPrefix(name, "demo/pages/"), ".html")
		d.pages[base] = template.Must(template.ParseFS(files, "demo/layout.html", name))
	}
	return d
}

func (d *demo) register(mux *http.ServeMux) {
	mux.HandleFunc("GET /demo", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/demo/", http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /demo/assets/{file...}", d.asset)
	mux.HandleFunc("GET /demo/{$}", d.page("home", "A chandlery for small boats", func(_ *http.Request, v *view) { v.Products = products[:8] }))
	mux.HandleFunc("GET /demo/c/{category}", d.category)
	mux.HandleFunc("GET /demo/p/{sku}", d.product)
	mux.HandleFunc("GET /demo/search", d.search)
	mux.HandleFunc("GET /demo/cart", d.page("cart", "Your cart", nil))
	mux.HandleFunc("GET /demo/checkout", d.page("checkout", "Checkout", nil))
	mux.HandleFunc("GET /demo/thanks", d.page("thanks", "Thank you", nil))
	mux.HandleFunc("GET /demo/about", d.page("about", "About us", nil))
	mux.HandleFunc("GET /demo/help", d.page("help", "Help", nil))
	mux.HandleFunc("GET /demo/account", d.page("account", "Your account", nil))
	// The lookbook is a single-page application: one document for all its
	// addresses, which its script changes.
	mux.HandleFunc("GET /demo/lookbook/", d.page("lookbook", "Lookbook", nil))
	mux.HandleFunc("GET /demo/", d.missing)
}

// view is what every page of the shop is told.
type view struct {
	Title, Page, Script, Site string
	Categories                []category
	Products                  []product
	Category                  category
	Product                   product
	Query                     string
}

func (d *demo) page(name, title string, fill func(*http.Request, *view)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := view{Title: title, Categories: categories, Products: products}
		if fill != nil {
			fill(r, &v)
		}
		d.show(w, r, http.StatusOK, name, v)
	}
}

func (d *demo) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Page, v.Script, v.Site = name, d.cfg.ScriptName, d.cfg.DemoSite(hostname(r))
	v.Categories = categories
	render(w, status, d.pages[name], v)
}

func (d *demo) asset(w http.ResponseWriter, r *http.Request) {
	name := "demo/assets/" + r.PathValue("file")
	if info, err := fs.Stat(files, name); err != nil || info.IsDir() {
		d.missing(w, r)
		return
	}
	w.Header().Set("Cache-Control", scriptAge)
	http.ServeFileFS(w, r, files, name)
}

func (d *demo) category(w http.ResponseWriter, r *http.Request) {
	for _, c := range categories {
		if c.Slug == r.PathValue("category") {
			d.show(w, r, http.StatusOK, "category", view{Title: c.Name, Category: c, Products: matching(func(p product) bool { return p.Category == c.Slug })})
			return
		}
	}
	d.missing(w, r)
}

func (d *demo) product(w http.ResponseWriter, r *http.Request) {
	for _, p := range products {
		if p.SKU == r.PathValue("sku") {
			v := view{Title: p.Name, Product: p, Products: matching(func(o product) bool { return o.Category == p.Category && o.SKU != p.SKU })}
			for _, c := range categories {
				if c.Slug == p.Category {
					v.Category = c
				}
			}
			d.show(w, r, http.StatusOK, "product", v)
			return
		}
	}
	d.missing(w, r)
}

func (d *demo) search(w http.ResponseWriter, r *http.Request) {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	found := matching(func(p product) bool {
		return q != "" && strings.Contains(strings.ToLower(p.Name+" "+p.Blurb+" "+p.Detail), strings.ToLower(q))
	})
	d.show(w, r, http.StatusOK, "search", view{Title: "Search", Query: q, Products: found})
}

func (d *demo) missing(w http.ResponseWriter, r *http.Request) {
	d.show(w, r, http.StatusNotFound, "missing", view{Title: "Not found", Products: products[:3]})
}

// matching is the products that fit, in the order of the catalogue.
func matching(fits func(product) bool) []product {
	var found []product
	for _, p := range products {
		if fits(p) {
			found = append(found, p)
		}
	}
	return found
}

// hostname is the host that the browser asked for, in lower case, without
// the port.
func hostname(r *http.Request) string {
	host := strings.ToLower(r.Host)
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	return strings.Trim(host, "[]")
}
