package scan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"wake/tracker/wire/scan"
)

func TestValue(t *testing.T) {
	for _, c := range []struct{ name, in, out string }{
		{"verbatim", ` { "b" : [1, 2.50, -0, 1e5] , "a":"é\n\u00e9\ud83d\ude00/\/" }`, `{ "b" : [1, 2.50, -0, 1e5] , "a":"é\n\u00e9\ud83d\ude00/\/" }`},
		{"NUL", `{"a\u0000b":"x\u0000"}`, "{\"a\uFFFDb\":\"x\uFFFD\"}"},
		{"lone high", `["\ud800","\ud800\ud800\udc00"]`, "[\"\uFFFD\",\"\uFFFD\\ud800\\udc00\"]"},
		{"lone low", `"\udc00x"`, "\"\uFFFDx\""},
		{"high then escape", `"\ud800\n"`, "\"\uFFFD\\n\""},
		{"no UTF-8", "\"a\xffb\xc3\"", "\"a\uFFFDb\uFFFD\""},
		{"surrogate as UTF-8", "\"\xed\xa0\x80\"", "\"\uFFFD\uFFFD\uFFFD\""},
		{"huge", `[1e999999,-1E+400,1e295,2e308]`, `[null,null,1e295,null]`},
		{"huge by length", `[1` + strings.Repeat("0", 309) + `,1` + strings.Repeat("0", 200) + `e200,0.` + strings.Repeat("1", 400) + `,` + strings.Repeat("1", 300) + `]`,
			`[null,null,0.1111111111111111,` + strings.Repeat("1", 300) + `]`},
		{"large", `[1e308,-17e306]`, `[1e+308,-1.7e+307]`},
		{"tiny", `[1e-999999,10e-305,1.0e-290]`, `[0,1e-304,1.0e-290]`},
		{"endless exponent", `1e` + strings.Repeat("9", 100), `null`},
		{"repeated names", `{"a":1,"a":2}`, `{"a":1,"a":2}`},
		{"scalar", ` true `, `true`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scan.New([]byte(c.in))
			got, _ := s.Value()
			if !s.End() {
				t.Fatal(s.Err())
			}
			if string(got) != c.out {
				t.Errorf("got  %s\nwant %s", got, c.out)
			}
		})
	}
}

func TestValueDepth(t *testing.T) {
	for n, in := range map[int]string{0: `1`, 1: `{}`, 2: `{"a":[],"b":{}}`, 3: `[[[]],[]]`} {
		s := scan.New([]byte(in))
		if _, depth := s.Value(); depth != n {
			t.Errorf("%s: depth %d", in, depth)
		}
	}
	nested := func(n int) []byte {
		return []byte(strings.Repeat("[", n) + strings.Repeat("]", n))
	}
	s := scan.New(nested(scan.MaxDepth))
	if s.Skip(); !s.End() {
		t.Error(s.Err())
	}
	s = scan.New(nested(scan.MaxDepth + 1))
	if s.Skip(); !errors.Is(s.Err(), scan.ErrMalformed) {
		t.Errorf("too deep: %v", s.Err())
	}
}

func TestMembers(t *testing.T) {
	s := scan.New([]byte(` {"text":"a\"\u00e9","n":12,"f":-1.5,"skip":{"x":[1,{"y":2}]},"yes":true,"list":[1,"2",[]],"":null} `))
	seen := map[string]any{}
	if !s.Enter(scan.Object) {
		t.Fatal("not entered")
	}
	for {
		key, ok := s.Key()
		if !ok {
			break
		}
		switch k := string(key); k {
		case "text":
			seen[k], _ = s.Text()
		case "n":
			seen[k], _ = s.Int()
		case "f":
			seen[k], _ = s.Float()
		case "yes":
			seen[k] = s.Truth()
		case "list":
			var all []string
			s.Enter(scan.Array)
			for s.Elem() {
				all = append(all, s.Kind().String()+s.Scalar())
			}
			seen[k] = all
		default:
			s.Skip()
		}
	}
	if !s.End() {
		t.Fatal(s.Err())
	}
	want := map[string]any{"text": "a\"é", "n": int64(12), "f": -1.5, "yes": true,
		"list": []string{"a number1", "a string2", "an array"}}
	if !reflect.DeepEqual(seen, want) {
		t.Errorf("got %v", seen)
	}
}

func TestWrongKinds(t *testing.T) {
	s := scan.New([]byte(`[1,"x",null,{"a":1},1e400,9007199254740993.0]`))
	s.Enter(scan.Array)
	if s.Elem(); s.Enter(scan.Object) {
		t.Error("entered a number")
	}
	if _, ok := s.Text(); ok {
		t.Error("a number is no text")
	}
	s.Elem()
	if _, ok := s.Int(); ok {
		t.Error("a text is no number")
	}
	s.Elem()
	if s.Truth() {
		t.Error("null is not true")
	}
	s.Elem()
	if got := s.Scalar(); got != "" {
		t.Errorf("an object as %q", got)
	}
	s.Elem()
	if _, ok := s.Float(); ok {
		t.Error("1e400 fits no double")
	}
	s.Elem()
	if n, ok := s.Int(); !ok || n != 1<<53 {
		t.Errorf("2⁵³ as %d, %v", n, ok)
	}
	if s.Elem() || !s.End() {
		t.Error("not at the end", s.Err())
	}
}

func TestInt(t *testing.T) {
	for in, want := range map[string]int64{"0": 0, "7": 7, "123456789012345": 123456789012345, "1234567890123456": 1234567890123456, "-5": -5, "1.9": 1, "-1.9": -1, "1e3": 1000} {
		s := scan.New([]byte("[" + in + "]"))
		s.Enter(scan.Array)
		s.Elem()
		if n, ok := s.Int(); !ok || n != want || s.Elem() || !s.End() {
			t.Errorf("%s: %d, %v, %v", in, n, ok, s.Err())
		}
	}
	for _, in := range []string{"01", "00", "-", "1x", "1.", "--1"} {
		s := scan.New([]byte("[" + in + "]"))
		s.Enter(scan.Array)
		s.Elem()
		s.Int()
		if s.Elem(); s.End() {
			t.Errorf("%s is taken", in)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, in := range []string{"", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", `{"a"`, `{"a":`, `{"a":1,}`, `{a:1}`, `{"a" 1}`, `{1:2}`,
		"01", "1.", "-", "+1", ".5", "1e", "1e+", "tru", "nul", "falsy", `"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\n\"", "1 2", "[1}", `{"a":1]`, "\uFEFF1", "NaN", "'a'"} {
		s := scan.New([]byte(in))
		s.Skip()
		if s.End() {
			t.Errorf("%q is taken", in)
		}
		if !errors.Is(s.Err(), scan.ErrMalformed) {
			t.Errorf("%q: %v", in, s.Err())
		}
		if json.Valid([]byte(in)) {
			t.Errorf("%q is well formed", in)
		}
	}
}

// walk takes a text apart by Key and Elem, as the decoders do.
func walk(s *scan.Scanner, depth int) any {
	switch s.Kind() {
	case scan.Object:
		m := map[string]any{}
		s.Enter(scan.Object)
		for {
			k, ok := s.Key()
			if !ok {
				return m
			}
			key := string(k)
			m[key] = walk(s, depth+1)
		}
	case scan.Array:
		l := []any{}
		s.Enter(scan.Array)
		for s.Elem() {
			l = append(l, walk(s, depth+1))
		}
		return l
	case scan.String:
		t, _ := s.Text()
		return t
	case scan.Number:
		f, ok := s.Float()
		if !ok {
			return nil
		}
		return f
	case scan.Bool:
		return s.Truth()
	default:
		s.Skip()
		return nil
	}
}

// FuzzScan compares with encoding/json: the same texts are well formed, and
// mean the same but for what is mended.
func FuzzScan(f *testing.F) {
	for _, in := range []string{`{"a":[1,2,{"b":null}],"c":"\ud83d\ude00\u0000"}`, `[1e999,-0.0,1E-400]`, "\"\xff\"", `"\ud800"`, `{"a":1,"a":[]}`, ` [ ] `} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if bytes.Count(in, []byte("["))+bytes.Count(in, []byte("{")) > scan.MaxDepth {
			t.Skip("depth is bounded elsewhere")
		}
		given := bytes.Clone(in)
		s := scan.New(in)
		mended, _ := s.Value()
		ok := s.End()
		if ok != json.Valid(in) {
			t.Fatalf("taken: %v (%v), encoding/json: %v", ok, s.Err(), !ok)
		}
		w := scan.New(in)
		tree := walk(&w, 0)
		if w.End() != ok {
			t.Fatalf("by steps %v, at once %v", w.Err(), s.Err())
		}
		if !bytes.Equal(given, in) {
			t.Fatal("the input was changed")
		}
		if !ok {
			return
		}
		if !utf8.Valid(mended) || bytes.Contains(bytes.ReplaceAll(mended, []byte(`\\`), nil), []byte(`\u0000`)) {
			t.Fatalf("a database would refuse %q", mended)
		}
		var want any
		if err := json.Unmarshal(mended, &want); err != nil {
			t.Fatalf("%q: %v", mended, err)
		}
		want = plain(want)
		if !reflect.DeepEqual(plain(tree), want) {
			t.Fatalf("by steps %#v\nmended %#v", tree, want)
		}
		var orig any
		if json.Unmarshal(in, &orig) == nil && !reflect.DeepEqual(plain(orig), want) {
			t.Fatalf("was %#v\nis  %#v", orig, want)
		}
	})
}

// plain makes trees comparable: NUL is mended, names that become equal by
// that are one, and there is no negative zero.
func plain(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "\uFFFD")
	case float64:
		if v == 0 || math.Abs(v) < 1e-300 {
			return 0.0
		}
		return v
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
		return v
	case map[string]any:
		m := map[string]any{}
		for k, x := range v {
			if k2 := strings.ReplaceAll(k, "\x00", "\uFFFD"); k2 == k {
				m[k] = plain(x)
			}
		}
		return m
	}
	return v
}
