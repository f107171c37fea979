// Package scan reads JSON that strangers sent: bounded in depth, without
// reflection, and safe to store, as what a database refuses is mended on the
// way (see Scanner.Value).
package scan

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Kind is what a JSON value is, told by its first byte.
type Kind byte

const (
	Invalid Kind = iota // malformed input, or none left
	Object
	Array
	String
	Number
	Bool
	Null
)

func (k Kind) String() string {
	return [...]string{"malformed JSON", "an object", "an array", "a string", "a number", "true or false", "null"}[k]
}

// MaxDepth is the depth at which input counts as malformed, wherever it is.
const MaxDepth = 512

// ErrMalformed is in the chain of every error of a Scanner.
var ErrMalformed = errors.New("malformed JSON")

// Scanner is a cursor over one JSON text (RFC 8259). Its methods consume one
// value each; after the first error they all return zero values and Err says
// why. Member names are matched exactly; of repeated ones a caller sees all,
// in order, and normally lets the last win.
type Scanner struct {
	data  []byte
	pos   int
	first bool // the next Key or Elem is the first of its container
	err   error
}

// New is a scanner at the start of data, which must not change while it is
// in use.
func New(data []byte) Scanner { return Scanner{data: data} }

// Err is the first error, nil as long as there was none.
func (s *Scanner) Err() error { return s.err }

// End consumes the white space that may follow the last value, and reports
// whether the whole input was well formed.
func (s *Scanner) End() bool {
	if s.err == nil {
		s.space()
		if s.pos < len(s.data) {
			s.fail("unexpected %q after the end", s.data[s.pos])
		}
	}
	return s.err == nil
}

func (s *Scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: %s at byte %d", ErrMalformed, fmt.Sprintf(format, args...), s.pos)
	}
}

// unexpected is the error of a byte that cannot stand where it does.
func (s *Scanner) unexpected(want string) {
	if s.pos >= len(s.data) {
		s.fail("%s expected, but the text ends", want)
	} else {
		s.fail("%s expected, not %q", want, s.data[s.pos])
	}
}

func (s *Scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return
		}
	}
}

// Kind is the kind of the next value, which it does not consume.
func (s *Scanner) Kind() Kind {
	if s.err != nil {
		return Invalid
	}
	s.space()
	if s.pos >= len(s.data) {
		return Invalid
	}
	switch c := s.data[s.pos]; {
	case c == '"':
		return String
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '-' || '0' <= c && c <= '9':
		return Number
	case c == 't' || c == 'f':
		return Bool
	case c == 'n':
		return Null
	}
	return Invalid
}

// Enter goes into the next value when it is an object or an array, whose
// members are then taken with Key or Elem until these return false. It
// consumes nothing and returns false when the next value is anything else.
func (s *Scanner) Enter(k Kind) bool {
	if s.Kind() != k || k != Object && k != Array {
		return false
	}
	s.pos++
	s.first = true
	return true
}

// Key goes to the next member of the object and returns its name, valid until
// the next call; false at the object's end.
func (s *Scanner) Key() ([]byte, bool) {
	if !s.more('}') {
		return nil, false
	}
	if s.pos >= len(s.data) || s.data[s.pos] != '"' {
		s.unexpected("a name in quotes")
		return nil, false
	}
	key := s.text()
	s.space()
	if s.err == nil && (s.pos >= len(s.data) || s.data[s.pos] != ':') {
		s.unexpected("a colon")
	}
	s.pos++
	return key, s.err == nil
}

// Elem goes to the next element of the array; false at the array's end.
func (s *Scanner) Elem() bool { return s.more(']') }

// more consumes what separates members; false, with end consumed, after the
// last of them.
func (s *Scanner) more(end byte) bool {
	if s.err != nil {
		return false
	}
	s.space()
	first := s.first
	s.first = false
	if s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == end:
			s.pos++
			return false
		case first:
			return true
		case c == ',':
			s.pos++
			s.space()
			return true
		}
	}
	s.unexpected("a comma or the end")
	return false
}

// Skip consumes the next value, whatever it is.
func (s *Scanner) Skip() {
	if s.err == nil {
		s.value(nil)
	}
}

// Bytes consumes the next value, and returns it decoded when it is a string.
// The bytes are valid UTF-8 without NUL (U+FFFD stands for what is not), and
// may be part of the input.
func (s *Scanner) Bytes() ([]byte, bool) {
	if s.Kind() != String {
		s.Skip()
		return nil, false
	}
	b := s.text()
	return b, s.err == nil
}

// Text is Bytes as a string of its own.
func (s *Scanner) Text() (string, bool) {
	b, ok := s.Bytes()
	return string(b), ok
}

// Scalar consumes the next value and returns a string decoded, a number or
// true and false as they are written, and "" for everything else.
func (s *Scanner) Scalar() string {
	switch s.Kind() {
	case String:
		return string(s.text())
	case Number, Bool:
		start := s.pos
		s.Skip()
		if s.err == nil {
			return string(s.data[start:s.pos])
		}
	default:
		s.Skip()
	}
	return ""
}

// Truth consumes the next value and reports whether it is the literal true.
func (s *Scanner) Truth() bool {
	if s.Kind() != Bool {
		s.Skip()
		return false
	}
	start := s.pos
	s.Skip()
	return s.err == nil && s.data[start] == 't'
}

// Float consumes the next value, and returns it when it is a number that a
// double can hold.
func (s *Scanner) Float() (float64, bool) {
	if s.Kind() != Number {
		s.Skip()
		return 0, false
	}
	start := s.pos
	s.Skip()
	if s.err != nil {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(s.data[start:s.pos]), 64)
	return f, err == nil
}

// Int is Float without what is behind the decimal point, for numbers within
// ±2⁵³.
func (s *Scanner) Int() (int64, bool) {
	if s.Kind() != Number {
		s.Skip()
		return 0, false
	}
	n, i := int64(0), s.pos
	for i < len(s.data) && i-s.pos < 15 && '0' <= s.data[i] && s.data[i] <= '9' {
		n = n*10 + int64(s.data[i]-'0')
		i++
	}
	if i > s.pos && s.data[s.pos] != '0' && i < len(s.data) && (s.data[i] == ',' || s.data[i] == '}' || s.data[i] == ']') {
		s.pos = i
		return n, true
	}
	f, ok := s.Float()
	if !ok || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}
