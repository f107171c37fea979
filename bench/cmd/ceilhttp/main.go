// ceilhttp is the HTTP ceiling: a handler that reads and decodes the body of an
// event or visit request and answers 200, with nothing behind it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

type request struct {
	VisitToken   string  `json:"visit_token"`
	VisitorToken string  `json:"visitor_token"`
	LandingPage  string  `json:"landing_page"`
	Referrer     string  `json:"referrer"`
	Events       []event `json:"events"`
}

type event struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Time       float64         `json:"time"`
	Properties json.RawMessage `json:"properties"`
}

// maxBody bounds a body, in bytes.
const maxBody = 1 << 20

// decode decodes a body with the standard library: JSON, or the form that
// ahoy.js sends by sendBeacon, whose field events_json holds JSON.
func decode(r *http.Request) error {
	var q request
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		b, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &q)
	}
	if err := r.ParseMultipartForm(maxBody); err != nil {
		return err
	}
	q.VisitToken, q.VisitorToken = r.PostFormValue("visit_token"), r.PostFormValue("visitor_token")
	q.LandingPage, q.Referrer = r.PostFormValue("landing_page"), r.PostFormValue("referrer")
	if events := r.PostFormValue("events_json"); events != "" {
		return json.Unmarshal([]byte(events), &q.Events)
	}
	return nil
}

func main() {
	addr := flag.String("addr", "127.0.0.1:3100", "listen address; the one taken is printed")
	lib := flag.String("lib", "nethttp", "nethttp or echo")
	readOnly := flag.Bool("read-only", false, "only read the body")
	flag.Parse()
	handle := func(r *http.Request) error {
		if *readOnly {
			_, err := io.Copy(io.Discard, r.Body)
			return err
		}
		return decode(r)
	}
	if *lib == "echo" {
		e := echo.New()
		f := func(c echo.Context) error {
			if err := handle(c.Request()); err != nil {
				return echo.NewHTTPError(400, err.Error())
			}
			return c.JSONBlob(200, []byte("{}"))
		}
		e.POST("/ahoy/visits", f)
		e.POST("/ahoy/events", f)
		serve(*addr, e)
	}
	mux := http.NewServeMux()
	f := func(w http.ResponseWriter, r *http.Request) {
		if err := handle(r); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}
	mux.HandleFunc("POST /ahoy/visits", f)
	mux.HandleFunc("POST /ahoy/events", f)
	serve(*addr, mux)
}

func serve(addr string, h http.Handler) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	log.Fatal(http.Serve(ln, h))
}
