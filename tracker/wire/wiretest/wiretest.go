// Package wiretest says what every hit must be, whatever bytes it was made of.
package wiretest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"wake/tracker"
)

var token = regexp.MustCompile(`^[A-Za-z0-9-]{0,64}$`)

// Sound fails the test unless every store can hold what the hit says.
func Sound(t testing.TB, h *tracker.Hit) {
	t.Helper()
	for name, s := range map[string]string{"visit": h.VisitToken, "visitor": h.VisitorToken} {
		if !token.MatchString(s) || s == "null" || s == "undefined" {
			t.Errorf("%s token %q", name, s)
		}
	}
	object(t, "traits", h.Traits)
	texts(t, reflect.ValueOf(*h))
	if h.Visit != nil {
		texts(t, reflect.ValueOf(*h.Visit))
	}
	if len(h.Events) > tracker.MaxEventsPerHit {
		t.Errorf("%d events", len(h.Events))
	}
	for i := range h.Events {
		texts(t, reflect.ValueOf(h.Events[i]))
		object(t, "properties", h.Events[i].Properties)
		if y := h.Events[i].Time.Year(); y < -10000 || y > 10000 {
			t.Errorf("year %d", y)
		}
	}
	if h.Visit == nil && len(h.Events) == 0 {
		t.Error("nothing to record")
	}
}

// texts checks all string fields of a struct, also of those in it.
func texts(t testing.TB, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			if s := f.String(); !utf8.ValidString(s) || strings.Contains(s, "\x00") {
				t.Errorf("%s %q", v.Type().Field(i).Name, s)
			}
		case reflect.Struct:
			if f.Type() == reflect.TypeFor[tracker.Hints]() {
				texts(t, f)
			}
		}
	}
}

var exponent = regexp.MustCompile(`[0-9][eE][+-]?([0-9]+)`)

func object(t testing.TB, name string, b []byte) {
	t.Helper()
	if b == nil {
		return
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil || m == nil {
		t.Errorf("%s %q: %v", name, b, err)
	}
	if len(b) > tracker.MaxProperties+64 { // U+FFFD is longer than what it stands for
		t.Errorf("%s of %d bytes", name, len(b))
	}
	if !utf8.Valid(b) || bytes.Contains(bytes.ReplaceAll(b, []byte(`\\`), nil), []byte(`\u0000`)) {
		t.Errorf("%s %q", name, b)
	}
	if depth(m) > 32 {
		t.Errorf("%s is %d deep", name, depth(m))
	}
	for _, number := range exponent.FindAllSubmatch(quoted.ReplaceAll(b, []byte(`""`)), -1) {
		if n, err := strconv.Atoi(string(number[1])); err != nil || n > 308 {
			t.Errorf("%s with a number that PostgreSQL cannot hold: %s", name, b)
		}
	}
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			deepest = max(deepest, depth(x))
		}
		return deepest + 1
	case []any:
		for _, x := range v {
			deepest = max(deepest, depth(x))
		}
		return deepest + 1
	}
	return 0
}

var quoted = regexp.MustCompile(`"(\\.|[^"\\])*"`)
