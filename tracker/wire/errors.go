package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"wake/tracker"
)

// ErrMalformed is the cause of errors about input that could not be decoded,
// as opposed to input that breaks a rule.
var ErrMalformed = errors.New("malformed")

// Causes of other errors that HTTP has a status for.
var (
	errSlow      = errors.New("slow")
	errMediaType = errors.New("wrong media type")
)

// methodError is the cause of a request with another method than this.
type methodError string

func (m methodError) Error() string { return string(m) + " only" }

// WrongMethod is the error of a request whose method is not the one allowed.
func WrongMethod(allowed string) *tracker.Error {
	return &tracker.Error{Code: tracker.CodeInvalid, Message: "send it by " + allowed, Err: methodError(allowed)}
}

// WrongMediaType is the error of a body whose type is not understood.
func WrongMediaType(message string) *tracker.Error {
	return &tracker.Error{Code: tracker.CodeInvalid, Message: message, Err: errMediaType}
}

// Malformed is an error about input that could not be decoded.
func Malformed(format string, args ...any) *tracker.Error {
	return &tracker.Error{Code: tracker.CodeInvalid, Message: fmt.Sprintf(format, args...), Err: ErrMalformed}
}

// AsError is the first tracker.Error in err's chain. Any other error is
// internal, but for an ended context: the client is gone, or the server stops.
func AsError(err error) *tracker.Error {
	var e *tracker.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return tracker.Unavailable(time.Second, err)
	}
	return &tracker.Error{Code: tracker.CodeInternal, Message: "internal error", Err: err}
}

// Status is the HTTP status that answers an error.
func Status(err error) int {
	e := AsError(err)
	switch e.Code {
	case tracker.CodeInvalid:
		var method methodError
		switch {
		case e.Err == nil:
		case errors.As(e.Err, &method):
			return http.StatusMethodNotAllowed
		case errors.Is(e.Err, errMediaType):
			return http.StatusUnsupportedMediaType
		case errors.Is(e.Err, ErrMalformed):
			return http.StatusBadRequest
		case errors.Is(e.Err, errSlow):
			return http.StatusRequestTimeout
		}
		return http.StatusUnprocessableEntity
	case tracker.CodeUnknownSite:
		return http.StatusUnprocessableEntity
	case tracker.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case tracker.CodeUnauthorized:
		return http.StatusUnauthorized
	case tracker.CodeHostRefused, tracker.CodeForbidden:
		return http.StatusForbidden
	case tracker.CodeNotFound:
		return http.StatusNotFound
	case tracker.CodeConflict:
		return http.StatusConflict
	case tracker.CodeRateLimited:
		return http.StatusTooManyRequests
	case tracker.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// RetryAfter sets the header of that name, in seconds, at least one, on
// answers that say "later".
func RetryAfter(h http.Header, e *tracker.Error) {
	if e.Code == tracker.CodeRateLimited || e.Code == tracker.CodeUnavailable {
		s := max(1, int(math.Ceil(e.RetryAfter.Seconds())))
		h["Retry-After"] = []string{strconv.Itoa(s)}
	}
}

type problem struct {
	Error struct {
		Code    tracker.Code `json:"code"`
		Field   string       `json:"field,omitempty"`
		Message string       `json:"message"`
	} `json:"error"`
}

// FailJSON answers with an error as Wake's own wire words it:
// {"error": {"code", "field", "message"}}.
func FailJSON(w http.ResponseWriter, err error) {
	e := AsError(err)
	var p problem
	p.Error.Code, p.Error.Field, p.Error.Message = e.Code, e.Field, e.Message
	var method methodError
	if errors.As(e.Err, &method) {
		w.Header()["Allow"] = []string{string(method) + ", OPTIONS"}
	}
	RetryAfter(w.Header(), e)
	WriteJSON(w, Status(err), p)
}

// FailText answers with an error's message as a line of plain text.
func FailText(w http.ResponseWriter, err error) {
	e := AsError(err)
	RetryAfter(w.Header(), e)
	message := e.Message
	if e.Field != "" {
		message = e.Field + ": " + message
	}
	Fail(w, Status(err), message+"\n")
}

// WriteJSON answers with v.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // a mistake of ours: answers are plain structs
		panic(err)
	}
	RawJSON(w, status, b)
}

// RawJSON answers with a JSON text.
func RawJSON(w http.ResponseWriter, status int, b []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["X-Content-Type-Options"] = noSniff
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// size words a number of bytes.
func size(n int) string {
	if n >= 1<<10 && n%(1<<10) == 0 {
		return strconv.Itoa(n>>10) + " KiB"
	}
	return strconv.Itoa(n) + " bytes"
}
