package scan

import (
	"strconv"
	"unicode/utf8"
)

// edit collects a value that has to be written anew; as long as nothing had
// to be mended it stays empty.
type edit struct {
	out  []byte
	from int // input before this index is in out
}

// replace puts with in the place of input[start:end].
func (e *edit) replace(s *Scanner, start, end int, with string) {
	if e == nil {
		return
	}
	if e.out == nil {
		e.out = make([]byte, 0, len(s.data)-e.from+16)
	}
	e.out = append(append(e.out, s.data[e.from:start]...), with...)
	e.from = end
}

// Value consumes the next value and returns its text, as it stands when
// nothing had to be mended; it is then a part of the input. So that every
// database can store it as JSON:
//   - NUL, lone surrogates and what is no UTF-8 become U+FFFD, as in every
//     decoder that knows only Unicode text;
//   - numbers whose length and exponent come to more than 300 become the
//     double they stand for, null when none is large enough, as in JavaScript.
//
// depth is how deep the value nests: 0 for a scalar, 1 for {} and [].
func (s *Scanner) Value() (text []byte, depth int) {
	if s.err != nil {
		return nil, 0
	}
	s.space()
	e := edit{from: s.pos}
	depth = s.value(&e)
	if s.err != nil {
		return nil, 0
	}
	if e.out == nil {
		return s.data[e.from:s.pos], depth
	}
	return append(e.out, s.data[e.from:s.pos]...), depth
}

// value consumes one value without recursion, and returns its depth. Which of
// the open containers are objects is kept as one bit each.
func (s *Scanner) value(e *edit) (deepest int) {
	var objects [MaxDepth / 64]uint64
	depth := 0
	for {
		s.space()
		if s.pos >= len(s.data) {
			s.unexpected("a value")
			return deepest
		}
		opened := false
		switch c := s.data[s.pos]; c {
		case '{', '[':
			if depth == MaxDepth {
				s.fail("nested too deeply")
				return deepest
			}
			if bit := uint64(1) << (depth % 64); c == '{' {
				objects[depth/64] |= bit
			} else {
				objects[depth/64] &^= bit
			}
			depth++
			deepest = max(deepest, depth)
			s.pos++
			opened = true
		case '"':
			s.string(e)
		case 't':
			s.literal("true")
		case 'f':
			s.literal("false")
		case 'n':
			s.literal("null")
		default:
			s.number(e)
		}
		// After a value (or an opening): a comma, or the ends of containers.
		for {
			if s.err != nil || depth == 0 {
				return deepest
			}
			s.space()
			if s.pos >= len(s.data) {
				s.unexpected("a comma or the end")
				return deepest
			}
			object := objects[(depth-1)/64]>>((depth-1)%64)&1 == 1
			c := s.data[s.pos]
			if object && c == '}' || !object && c == ']' {
				s.pos++
				depth--
				opened = false
				continue
			}
			if !opened {
				if c != ',' {
					s.unexpected("a comma or the end")
					return deepest
				}
				s.pos++
			}
			if object {
				s.space()
				if s.pos >= len(s.data) || s.data[s.pos] != '"' {
					s.unexpected("a name in quotes")
					return deepest
				}
				s.string(e)
				s.space()
				if s.err != nil || s.pos >= len(s.data) || s.data[s.pos] != ':' {
					s.unexpected("a colon")
					return deepest
				}
				s.pos++
			}
			break
		}
	}
}

func (s *Scanner) literal(word string) {
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		s.unexpected("a value")
		return
	}
	s.pos += len(word)
}

// verbatim bounds length plus exponent of numbers that are left as they are:
// a double holds all of these.
const verbatim = 300

// number consumes a number (RFC 8259 §6).
func (s *Scanner) number(e *edit) {
	start, i, n := s.pos, s.pos, len(s.data)
	if i < n && s.data[i] == '-' {
		i++
	}
	switch {
	case i < n && s.data[i] == '0':
		i++
	case i < n && '1' <= s.data[i] && s.data[i] <= '9':
		i = s.digits(i)
	default:
		s.unexpected("a value")
		return
	}
	if i < n && s.data[i] == '.' {
		j := s.digits(i + 1)
		if j == i+1 {
			s.pos = j
			s.unexpected("a digit")
			return
		}
		i = j
	}
	exp := 0
	if i < n && s.data[i]|0x20 == 'e' {
		j := i + 1
		if j < n && (s.data[j] == '+' || s.data[j] == '-') {
			j++
		}
		k := s.digits(j)
		if k == j {
			s.pos = j
			s.unexpected("a digit")
			return
		}
		var err error
		if exp, err = strconv.Atoi(string(s.data[j:k])); err != nil {
			exp = verbatim
		}
		i = k
	}
	if e != nil && (i-start > verbatim || exp > verbatim-(i-start)) {
		e.replace(s, start, i, double(string(s.data[start:i])))
	}
	s.pos = i
}

func (s *Scanner) digits(i int) int {
	for i < len(s.data) && '0' <= s.data[i] && s.data[i] <= '9' {
		i++
	}
	return i
}

// double is number as JavaScript would write what it read.
func double(number string) string {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return "null"
	}
	if f == 0 {
		return "0"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// special marks the bytes of a string that need a look.
var special = func() (t [256]bool) {
	for c := range 256 {
		t[c] = c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf
	}
	return t
}()

// string consumes a string, at whose opening quote the scanner stands, and
// mends it into e, if there is one. It reports whether the string is other
// than its bytes: has escapes, or is no UTF-8.
func (s *Scanner) string(e *edit) (raw []byte, other bool) {
	data := s.data
	i := s.pos + 1
	start := i
	for i < len(data) {
		c := data[i]
		if !special[c] {
			i++
			continue
		}
		switch {
		case c == '"':
			s.pos = i + 1
			return data[start:i], other
		case c == '\\':
			other = true
			n := s.escape(i, e)
			if n == 0 {
				s.pos = i
				s.fail("not an escape")
				return nil, false
			}
			i += n
		case c < 0x20:
			s.pos = i
			s.fail("a bare control character in a string")
			return nil, false
		default:
			r, n := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && n == 1 {
				other = true
				e.replace(s, i, i+1, "\uFFFD")
			}
			i += n
		}
	}
	s.pos = i
	s.fail("a string that does not end")
	return nil, false
}

// escape is the length of the escape sequence at i, 0 when it is none. A pair
// of surrogates counts as one.
func (s *Scanner) escape(i int, e *edit) int {
	if i+1 >= len(s.data) {
		return 0
	}
	switch s.data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		r, n := unicode(s.data[i:])
		if n > 0 && (r == 0 || r == utf8.RuneError) {
			e.replace(s, i, i+n, "\uFFFD")
		}
		return n
	}
	return 0
}

// unicode decodes a \uXXXX at the start of b, or a pair of them; a lone
// surrogate is U+FFFD. n is 0 when it is malformed.
func unicode(b []byte) (r rune, n int) {
	r, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if r < 0xD800 || r > 0xDFFF {
		return r, 6
	}
	if r < 0xDC00 && len(b) >= 12 {
		if low, ok := hex4(b[6:]); ok && 0xDC00 <= low && low <= 0xDFFF {
			return (r-0xD800)<<10 | (low - 0xDC00) + 0x10000, 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// text consumes the string at which the scanner stands and decodes it.
func (s *Scanner) text() []byte {
	raw, other := s.string(nil)
	if !other {
		return raw
	}
	out := make([]byte, 0, len(raw)+4)
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case c == '\\':
			if raw[i+1] == 'u' {
				r, n := unicode(raw[i:])
				if r == 0 {
					r = utf8.RuneError
				}
				out = utf8.AppendRune(out, r)
				i += n
				continue
			}
			out = append(out, unescaped[raw[i+1]])
			i += 2
		case c < utf8.RuneSelf:
			out = append(out, c)
			i++
		default:
			r, n := utf8.DecodeRune(raw[i:])
			out = utf8.AppendRune(out, r)
			i += n
		}
	}
	return out
}

var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
