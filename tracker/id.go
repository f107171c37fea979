package tracker

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"sync"
	"time"
)

// VisitID is a time-ordered 63-bit row id: the milliseconds since 2000-01-01
// UTC, shifted left by 22 bits, and 22 bits that tell visits of the same
// millisecond apart. It is a string in JSON, as JavaScript's numbers are too
// short for it.
type VisitID int64

const (
	visitIDEpoch = 946684800000 // 2000-01-01T00:00:00Z in Unix ms: older logs can be imported
	visitIDShift = 22
	visitIDMax   = 1<<(63-visitIDShift) - 1 // the last millisecond, in 2069
)

// FirstVisitID is the lowest id a visit that started at t can have; ranges
// of it are ranges of time.
func FirstVisitID(t time.Time) VisitID {
	return VisitID(visitIDMillis(t) << visitIDShift)
}

// visitIDMillis is t as ids know it; times that they cannot tell count as
// the first or last one that they can.
func visitIDMillis(t time.Time) int64 {
	return min(max(t.UnixMilli()-visitIDEpoch, 0), visitIDMax)
}

// Time is the millisecond the id was made for.
func (id VisitID) Time() time.Time {
	return time.UnixMilli(int64(id)>>visitIDShift + visitIDEpoch).UTC()
}

func (id VisitID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalText makes the id a string in JSON.
func (id VisitID) MarshalText() ([]byte, error) {
	return strconv.AppendInt(nil, int64(id), 10), nil
}

// UnmarshalText reads what MarshalText wrote.
func (id *VisitID) UnmarshalText(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return errors.New("a visit id is a positive whole number")
	}
	*id = VisitID(n)
	return nil
}

// IDs makes visit ids. It is safe for concurrent use. Ids made one after
// another for the same millisecond never repeat until there are 4 million;
// others, such as those of two nodes, may meet by chance, and the store then
// asks for another.
type IDs struct {
	mu   sync.Mutex
	ms   int64
	next uint32
	left uint32
}

// New is an id for a visit that started at t.
func (g *IDs) New(t time.Time) VisitID {
	ms := visitIDMillis(t)
	g.mu.Lock()
	if ms != g.ms || g.left == 0 {
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		g.ms, g.next, g.left = ms, binary.LittleEndian.Uint32(b[:]), 1<<visitIDShift
	}
	low := g.next & (1<<visitIDShift - 1)
	g.next++
	g.left--
	g.mu.Unlock()
	return VisitID(ms<<visitIDShift | int64(low))
}

// VisitorID is a visitor's row id: a hash of site and token, so that every
// node finds the same one without asking.
type VisitorID int64

// NewVisitorID is the id of the visitor with this token on this site. It
// never is 0.
func NewVisitorID(siteID int64, token string) VisitorID {
	var buf [8 + 64]byte
	b := binary.BigEndian.AppendUint64(buf[:0], uint64(siteID))
	b = append(b, token...)
	sum := sha256.Sum256(b)
	return VisitorID(binary.BigEndian.Uint64(sum[:8])>>1 | 1)
}

func (id VisitorID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalText makes the id a string in JSON.
func (id VisitorID) MarshalText() ([]byte, error) {
	return strconv.AppendInt(nil, int64(id), 10), nil
}

// EventID tells events of one visit apart, for good: writing the same one
// twice counts once.
type EventID [16]byte

// NewEventID is a random (version 4) UUID.
func NewEventID() EventID {
	var id EventID
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseEventID takes a client's id of an event: a UUID is taken as it is,
// in either case; anything else is hashed to a version 8 UUID (RFC 9562
// §5.8), the same for the same text.
func ParseEventID(s string) EventID {
	if id, ok := parseUUID(s); ok {
		return id
	}
	sum := sha256.Sum256([]byte(s))
	id := EventID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

func parseUUID(s string) (id EventID, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	j := 0
	for i := 0; i < 36; {
		if s[i] == '-' {
			i++
			continue
		}
		h, l := unhex(s[i]), unhex(s[i+1])
		if h > 15 || l > 15 {
			return EventID{}, false
		}
		id[j] = h<<4 | l
		j++
		i += 2
	}
	return id, true
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// IsZero reports whether no id was given.
func (id EventID) IsZero() bool { return id == EventID{} }

// String is the id as a UUID.
func (id EventID) String() string {
	var b [36]byte
	hex.Encode(b[:8], id[:4])
	b[8] = '-'
	hex.Encode(b[9:13], id[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], id[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], id[8:10])
	b[23] = '-'
	hex.Encode(b[24:], id[10:])
	return string(b[:])
}

// MarshalText makes the id its UUID text in JSON.
func (id EventID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }
