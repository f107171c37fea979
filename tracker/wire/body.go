package wire

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"

	"wake/tracker"
)

// Body is a request's body in a buffer of the pool. Nothing that outlives the
// request may refer to its bytes.
type Body struct {
	Bytes []byte
	buf   *[]byte
}

const (
	bodySize  = 4 << 10   // holds nearly every hit
	maxPooled = 128 << 10 // buffers that grew beyond are left to the collector
)

var bodies = sync.Pool{New: func() any { b := make([]byte, bodySize); return &b }}

// ReadBody reads a body of at most limit bytes; a longer one is a too_large
// error. The caller calls Free when done with it, error or not.
func ReadBody(r *http.Request, limit int) (Body, error) {
	if r.ContentLength > int64(limit) {
		return Body{}, tooLarge(limit)
	}
	b := Body{buf: bodies.Get().(*[]byte)}
	room := *b.buf
	want := limit + 1
	if r.ContentLength >= 0 {
		want = int(r.ContentLength)
	}
	n := 0
	for n < want {
		if n == len(room) {
			room = append(room, make([]byte, max(min(want, 4*n)-n, 1))...)
			*b.buf = room
		}
		m, err := r.Body.Read(room[n:min(len(room), want)])
		n += m
		if err == io.EOF {
			break
		}
		if err != nil {
			return b, readError(err, limit)
		}
	}
	if n > limit {
		return b, tooLarge(limit)
	}
	b.Bytes = room[:n]
	return b, nil
}

// Free gives the buffer back.
func (b *Body) Free() {
	if b.buf != nil && len(*b.buf) <= maxPooled {
		bodies.Put(b.buf)
	}
	b.buf, b.Bytes = nil, nil
}

func tooLarge(limit int) error {
	return &tracker.Error{Code: tracker.CodeTooLarge, Message: "the body is over " + size(limit)}
}

func readError(err error, limit int) error {
	var tooMuch *http.MaxBytesError
	switch {
	case errors.As(err, &tooMuch):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &tracker.Error{Code: tracker.CodeInvalid, Message: "the body came too slowly", Err: errSlow}
	}
	return Malformed("the body could not be read")
}

// MediaType is the type of a Content-Type value, in lower case without
// parameters, and the rest of it.
func MediaType(contentType string) (media, rest string) {
	media, rest, _ = strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(media)), rest
}
