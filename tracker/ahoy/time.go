package ahoy

import (
	"math"
	"strconv"
	"strings"
	"time"

	"wake/tracker/wire/scan"
)

// readTime consumes the time of an event.
func readTime(s *scan.Scanner) time.Time {
	if s.Kind() == scan.Number {
		f, _ := s.Float()
		return seconds(f)
	}
	return parseTime(s.Scalar())
}

// seconds is a time given as seconds since 1970; zero when that is out of
// every range.
func seconds(f float64) time.Time {
	if !(math.Abs(f) < 1e11) {
		return time.Time{}
	}
	return time.UnixMilli(int64(math.Round(f * 1000)))
}

// parseTime reads a time as Ahoy does, as a date if it is one, else as
// seconds. The zero time, which counts as now, is what Ahoy also makes of
// all that it cannot read.
func parseTime(s string) time.Time {
	s = strings.TrimSpace(s)
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return seconds(f)
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

var timeLayouts = [...]string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", // with any fraction of a second
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05",
	time.RFC1123, time.RFC1123Z,
	"Mon Jan 02 2006 15:04:05 GMT-0700", // JavaScript's Date as a string, up to its zone's name
}
