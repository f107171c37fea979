package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestIsObject(t *testing.T) {
	for s, want := range map[string]bool{
		`{}`: true, ` {"a":[1,{}]} `: true, `{"\u00e4":"\n\\\"\/"}`: true, `{"a":"\ud83d\ude00"}`: true, `{"a":"\\u0000"}`: true,
		`{"a":"\uD83D\uDE00\u0001"}`: true,
		``:                           false, `null`: false, `[]`: false, `{`: false, `{}{}`: false, `{"a":01}`: false,
		`{"a":"\u0000"}`: false, `{"a":"\ud83d"}`: false, `{"a":"\ude00"}`: false, `{"a":"\ud83d\ud83d\ude00"}`: false,
		`{"a":"\ud83dx\ude00"}`: false, "{\"a\":\"\xff\"}": false,
	} {
		if got := isObject([]byte(s)); got != want {
			t.Errorf("%s: %v, want %v", s, got, want)
		}
	}
}

// What is let through must survive: encoding/json replaces half a pair and
// what is not UTF-8, so an object that comes through unchanged had none.
func FuzzIsObject(f *testing.F) {
	for _, s := range []string{`{"a":"\ud83d\ude00"}`, `{"a":"\u0000"}`, `{"\ud800":1}`, `{"a":"\\ud800"}`, `{"a":["\ud800\u0041"]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !isObject(b) {
			return
		}
		var v map[string]any
		if err := json.Unmarshal(b, &v); err != nil {
			// A number that is too large is for the engine to refuse.
			if _, ok := err.(*json.UnmarshalTypeError); !ok {
				t.Fatalf("%q: %v", b, err)
			}
		}
		// Unless the replacement character stands there itself.
		written := bytes.Contains(b, []byte("\ufffd")) || bytes.Contains(bytes.ToLower(b), []byte(`\ufffd`))
		var good func(any)
		good = func(v any) {
			switch v := v.(type) {
			case string:
				if strings.ContainsRune(v, 0) {
					t.Fatalf("%q holds a NUL", b)
				}
				if strings.ContainsRune(v, utf8.RuneError) && !written {
					t.Fatalf("%q holds half a character", b)
				}
			case []any:
				for _, e := range v {
					good(e)
				}
			case map[string]any:
				for k, e := range v {
					good(k)
					good(e)
				}
			}
		}
		good(v)
	})
}

func TestMergeTraits(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{``, ``, ``},
		{``, `{"a":1}`, `{"a":1}`},
		{`{"a":1}`, ``, `{"a":1}`},
		{`{"a":1,"b":{"x":1,"y":2}}`, `{"b":{"x":3},"c":null}`, `{"a":1,"b":{"x":3},"c":null}`},
	} {
		if got := MergeTraits([]byte(c.old), []byte(c.new)); string(got) != c.want {
			t.Errorf("%s + %s = %s, want %s", c.old, c.new, got, c.want)
		}
	}
}

func TestTermID(t *testing.T) {
	// Stored data depends on these.
	for value, want := range map[string]int64{"": 0, "/": 4985323542635713057, "Über uns": 6624652102062327035} {
		if got := TermID(value); got != want {
			t.Errorf("%q: %d, want %d", value, got, want)
		}
	}
}
