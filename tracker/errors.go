package tracker

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of error it is; wires and the API translate it to
// their status, once.
type Code string

const (
	CodeInvalid      Code = "invalid"      // the input is wrong: 400 or 422
	CodeTooLarge     Code = "too_large"    // the input is over a bound: 413
	CodeUnknownSite  Code = "unknown_site" // no site has this key or host: 422
	CodeHostRefused  Code = "host_refused" // the page's host is not on the site's list: 403
	CodeUnauthorized Code = "unauthorized" // no key or session, or a wrong one: 401
	CodeForbidden    Code = "forbidden"    // a good key, but not for this: 403
	CodeNotFound     Code = "not_found"    // 404
	CodeConflict     Code = "conflict"     // exists already: 409
	CodeRateLimited  Code = "rate_limited" // too many: 429 with Retry-After
	CodeUnavailable  Code = "unavailable"  // full, or the database is away: 503 with Retry-After
	CodeInternal     Code = "internal"     // our fault: 500
)

// Error is an error with a code for programs and a message fit for the
// person who sent the request. It never carries secrets or SQL; the cause
// that operators need is wrapped.
type Error struct {
	Code       Code
	Field      string        // which input was wrong, "" when it is no single one
	Message    string        // a sentence for the caller
	RetryAfter time.Duration // for rate_limited and unavailable; 0 when unknown
	Err        error         // the cause, for the log; may be nil
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Field != "" {
		s = string(e.Code) + " " + e.Field + ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Invalid is an error about one field of the input.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Unavailable says that the work could not be done now and may be tried
// again after the given time.
func Unavailable(after time.Duration, err error) *Error {
	return &Error{Code: CodeUnavailable, Message: "temporarily unavailable, try again", RetryAfter: after, Err: err}
}

// ErrorCode is the code of the first Error in err's chain, CodeInternal for
// any other error and "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
