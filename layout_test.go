// Package wake holds no code: its folders do. This test keeps what they may
// import, so that the layout in docs/architecture.md stays true.
package wake

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// may says which packages of Wake (by prefix) and which modules each folder
// may import, besides the standard library.
var may = map[string]struct{ own, modules []string }{
	"tracker":           {own: []string{"tracker/recent"}},
	"tracker/recent":    {},
	"tracker/ahoy":      {own: []string{"tracker"}},
	"tracker/beacon":    {own: []string{"tracker"}},
	"tracker/wire":      {own: []string{"tracker"}},
	"tracker/source":    {own: []string{"tracker"}},
	"tracker/device":    {own: []string{"tracker"}, modules: []string{"github.com/mssola/useragent"}},
	"tracker/synthetic": {own: []string{"tracker"}},
	"bayeux":            {own: []string{"bayeux"}, modules: []string{"github.com/gobwas/ws", "golang.org/x/sys"}},
	"presence":          {own: []string{"tracker"}},
	"live":              {own: []string{"tracker", "presence", "bayeux"}},
	"geo":               {own: []string{"tracker"}, modules: []string{"github.com/oschwald/geoip2-golang", "github.com/oschwald/maxminddb-golang"}},
	"store":             {own: []string{"tracker", "presence", "store"}},
	"store/sqlite":      {own: []string{"tracker", "store", "migrations"}, modules: []string{"modernc.org/sqlite", "github.com/golang-migrate/migrate/v4"}},
	"store/postgres":    {own: []string{"tracker", "store", "migrations"}, modules: []string{"github.com/jackc/pgx/v5", "github.com/golang-migrate/migrate/v4"}},
	"migrations":        {},
	"api":               {own: []string{"tracker", "store", "presence"}, modules: []string{"github.com/labstack/echo/v4", "golang.org/x/crypto"}},
	"web":               {},
}

// alone are packages that measure or build, and may import what they need.
var alone = []string{"cmd/", "bench", "geo/builtin/build", "tracker/device/measure"}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, "wake"), "/")
		if name == "" || slices.ContainsFunc(alone, func(a string) bool { return strings.HasPrefix(name, a) }) {
			continue
		}
		seen++
		rule, ok := ruleOf(name)
		if !ok {
			t.Errorf("%s: no rule says what it may import; add it to the layout", name)
			continue
		}
		for _, imported := range p.Imports {
			if !allowed(name, imported, rule.own, rule.modules) {
				t.Errorf("%s may not import %s", name, imported)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages seen", seen)
	}
}

// ruleOf is the rule of the package, else that of the folder it is in.
func ruleOf(name string) (rule struct{ own, modules []string }, ok bool) {
	for {
		if rule, ok = may[name]; ok {
			return rule, true
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			return rule, false
		}
		name = name[:i]
	}
}

func allowed(from, imported string, own, modules []string) bool {
	under := func(path string) bool { return imported == path || strings.HasPrefix(imported, path+"/") }
	if rest, ok := strings.CutPrefix(imported, "wake/"); ok {
		top, _, _ := strings.Cut(from, "/")
		if from != "tracker" && strings.HasPrefix(rest, from+"/") {
			return true // its own parts
		}
		for _, o := range own {
			if rest == o || strings.HasPrefix(rest, o+"/") {
				// An engine never imports another one.
				return !(top == "store" && strings.Count(from, "/") == 1 && isEngine(rest) && rest != from)
			}
		}
		return false
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(modules, under)
}

func isEngine(name string) bool { return name == "store/sqlite" || name == "store/postgres" }
