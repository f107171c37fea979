package device

// rule ties a pattern to what it means. A pattern is text that must occur, in
// any case, with these marks: '^' at its start, only at the start of the text;
// '$' at its end, only at the end of the text; '|' at either side, only at the
// edge of a word (letters and digits make words); '#' at its end, only before
// a digit.
type rule[T any] struct {
	pattern string
	value   T
}

// all gives many patterns one meaning.
func all[T any](value T, patterns ...string) []rule[T] {
	rules := make([]rule[T], len(patterns))
	for i, p := range patterns {
		rules[i] = rule[T]{p, value}
	}
	return rules
}

// hit is where a rule matched: text[from:to].
type hit struct{ from, to int }

// table is an ordered list of rules, compiled into one Aho-Corasick automaton:
// however many rules there are, a text is read once, byte by byte, in time
// that depends on its length only.
type table[T any] struct {
	rules  []rule[T]
	marks  []marks
	class  [256]uint8 // byte to column, upper case folded, 0 = in no pattern
	width  int
	next   []uint16 // state*width+class to state
	ends   []uint16 // state to the first of its rules in out, plus one
	out    []output
	suffix []uint16 // state to the next shorter state with rules, 0 = none
}

type output struct {
	rule uint16
	next uint16 // in out, plus one
}

type marks struct {
	length                                         int
	textStart, textEnd, wordStart, wordEnd, digits bool
}

// newTable compiles rules; it panics on an empty pattern, at start-up.
func newTable[T any](rules []rule[T]) *table[T] {
	t := &table[T]{rules: rules, width: 1}
	texts := make([]string, len(rules))
	for i, r := range rules {
		text, m := readMarks(r.pattern)
		if text == "" {
			panic("device: empty pattern " + r.pattern)
		}
		texts[i] = text
		t.marks = append(t.marks, m)
		for j := 0; j < len(text); j++ {
			c := lower(text[j])
			if t.class[c] == 0 {
				t.class[c] = uint8(t.width)
				t.width++
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		t.class[c] = t.class[c+'a'-'A']
	}
	t.addState()
	for i, text := range texts {
		t.add(i, text)
	}
	t.link()
	return t
}

func readMarks(p string) (string, marks) {
	var m marks
	if p != "" && p[0] == '^' {
		m.textStart, p = true, p[1:]
	} else if p != "" && p[0] == '|' {
		m.wordStart, p = true, p[1:]
	}
	if n := len(p) - 1; n >= 0 {
		switch p[n] {
		case '$':
			m.textEnd, p = true, p[:n]
		case '|':
			m.wordEnd, p = true, p[:n]
		case '#':
			m.digits, p = true, p[:n]
		}
	}
	m.length = len(p)
	return p, m
}

func (t *table[T]) addState() uint16 {
	n := len(t.ends)
	if n > 0xffff {
		panic("device: table too large")
	}
	t.next = append(t.next, make([]uint16, t.width)...)
	t.ends = append(t.ends, 0)
	t.suffix = append(t.suffix, 0)
	return uint16(n)
}

// add grows the trie by one pattern; at that stage 0 in next means no branch.
func (t *table[T]) add(i int, text string) {
	var s uint16
	for j := 0; j < len(text); j++ {
		at := int(s)*t.width + int(t.class[text[j]])
		if t.next[at] == 0 {
			// addState may move t.next, so it goes first.
			n := t.addState()
			t.next[at] = n
		}
		s = t.next[at]
	}
	t.out = append(t.out, output{rule: uint16(i), next: t.ends[s]})
	t.ends[s] = uint16(len(t.out))
}

// link turns the trie into the automaton, nearest states first.
func (t *table[T]) link() {
	fail := make([]uint16, len(t.ends))
	var queue []uint16
	for c := 1; c < t.width; c++ {
		if s := t.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		f := fail[s]
		if t.ends[f] != 0 {
			t.suffix[s] = f
		} else {
			t.suffix[s] = t.suffix[f]
		}
		for c := 1; c < t.width; c++ {
			at, beyond := int(s)*t.width+c, t.next[int(f)*t.width+c]
			if n := t.next[at]; n != 0 {
				fail[n] = beyond
				queue = append(queue, n)
			} else {
				t.next[at] = beyond
			}
		}
	}
}

// find returns the first rule of the table, in the table's order, that matches
// anywhere in text, and where it does so first.
func (t *table[T]) find(text string) (value T, at hit, ok bool) {
	best := len(t.rules)
	var s uint16
	for i := 0; i < len(text); i++ {
		s = t.next[int(s)*t.width+int(t.class[text[i]])]
		for e := s; ; e = t.suffix[e] {
			for o := t.ends[e]; o != 0; o = t.out[o-1].next {
				r := int(t.out[o-1].rule)
				if r < best && t.marks[r].fit(text, i+1) {
					best, at = r, hit{i + 1 - t.marks[r].length, i + 1}
				}
			}
			if t.suffix[e] == 0 {
				break
			}
		}
	}
	if best == len(t.rules) {
		return value, hit{}, false
	}
	return t.rules[best].value, at, true
}

// has says whether any rule matches.
func (t *table[T]) has(text string) bool {
	_, _, ok := t.find(text)
	return ok
}

// fit checks the marks of a pattern whose text ends at to.
func (m *marks) fit(text string, to int) bool {
	from := to - m.length
	switch {
	case m.textStart && from != 0,
		m.wordStart && from > 0 && isWord(text[from-1]),
		m.textEnd && to != len(text),
		m.wordEnd && to < len(text) && isWord(text[to]),
		m.digits && (to == len(text) || !isDigit(text[to])):
		return false
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }
func isWord(c byte) bool   { return isDigit(c) || isLetter(c) }
