package device

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestTableMarks(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"bot", "Cubot", true},
		{"BOT", "cuBot", true},
		{"|bot", "cubot", false},
		{"|bot", "cu-bot", true},
		{"bot|", "botnet", false},
		{"bot|", "a bot", true},
		{"bot|", "bot/1", true},
		{"bot#", "bot1", true},
		{"bot#", "bot/1", false},
		{"bot#", "bot", false},
		{"^sm-#", "SM-A515F", false},
		{"^sm-a#", "SM-A515F", true},
		{"^sm-a#", "SAMSUNG SM-A515F", false},
		{"^wv$", "wv", true},
		{"^wv$", "wv1", false},
		{"tv$", "BRAVIA TV", true},
		{"|ps4|", "xps4x ps4x ps4", true},
		{"|ps4|", "xps4x", false},
		{"é", "caf\xc3\xa9", true},
		{"a", "", false},
	} {
		table := newTable([]rule[bool]{{c.pattern, true}})
		if got := table.has(c.text); got != c.want {
			t.Errorf("%q in %q: got %v", c.pattern, c.text, got)
		}
	}
}

// TestTableFirstRuleWins: the order of the table decides, not the order in the
// text, and the place is that rule's first.
func TestTableFirstRuleWins(t *testing.T) {
	table := newTable([]rule[string]{{"edg/", "Edge"}, {"chrome", "Chrome"}, {"safari", "Safari"}})
	value, at, ok := table.find("Safari Chrome/1 Edg/2 Edg/3")
	if !ok || value != "Edge" || at != (hit{16, 20}) {
		t.Errorf("got %q %v %v", value, at, ok)
	}
}

// TestTableAgreesWithSearch compares the automaton with plain searching, on
// random tables and texts over few letters, so that patterns overlap a lot.
func TestTableAgreesWithSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []byte("abA1 /")
	word := func(n int) string {
		b := make([]byte, 1+r.IntN(n))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	marks := []string{"", "|", "^"}
	ends := []string{"", "|", "#", "$"}
	for range 3000 {
		var rules []rule[int]
		for i := range 1 + r.IntN(12) {
			rules = append(rules, rule[int]{marks[r.IntN(3)] + word(4) + ends[r.IntN(4)], i})
		}
		table, text := newTable(rules), word(30)
		got, at, ok := table.find(text)
		want, wantAt, wantOK := search(rules, text)
		if got != want || at != wantAt || ok != wantOK {
			t.Fatalf("rules %v in %q: got %d %v %v, want %d %v %v", rules, text, got, at, ok, want, wantAt, wantOK)
		}
	}
}

// search is what find promises, in the plainest way.
func search(rules []rule[int], text string) (int, hit, bool) {
	for _, r := range rules {
		p, m := readMarks(r.pattern)
		for i := 0; i+len(p) <= len(text); i++ {
			if strings.EqualFold(text[i:i+len(p)], p) && m.fit(text, i+len(p)) {
				return r.value, hit{i, i + len(p)}, true
			}
		}
	}
	return 0, hit{}, false
}

// TestNoRuleIsShadowed: a rule whose pattern holds that of an earlier rule
// can never win, so it misleads the reader.
func TestNoRuleIsShadowed(t *testing.T) {
	check(t, "systems", systems)
	check(t, "browsers", browsers)
	check(t, "bots", bots)
	check(t, "libraries", libraries)
	check(t, "kinds", kinds)
	check(t, "models", models)
	check(t, "makers", makers)
	check(t, "hintBrands", hintBrands)
}

func check[T comparable](t *testing.T, name string, table *table[T]) {
	t.Helper()
	for i, r := range table.rules {
		for _, earlier := range table.rules[:i] {
			p, m := readMarks(earlier.pattern)
			plain := m == marks{length: m.length}
			if plain && strings.Contains(strings.ToLower(r.pattern), strings.ToLower(p)) {
				t.Errorf("%s: %q is never reached, %q stands before it", name, r.pattern, earlier.pattern)
			} else if r.pattern == earlier.pattern {
				t.Errorf("%s: %q stands twice", name, r.pattern)
			}
		}
	}
}
