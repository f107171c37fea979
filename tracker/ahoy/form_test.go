package ahoy_test

import (
	"strings"
	"testing"

	"wake/tracker/ahoy"
)

// TestMultipart is how a part may be written (RFC 2046 §5.1, RFC 7578).
func TestMultipart(t *testing.T) {
	const part = "Content-Disposition: form-data; name=\"name\"\r\n\r\nA\r\n"
	for _, c := range []struct {
		name, contentType, body string
		event                   string // "": malformed
	}{
		{"plain", "boundary=b", "--b\r\n" + part + "--b--\r\n", "A"},
		{"quoted boundary", `charset=utf-8; Boundary="b c"`, "--b c\r\n" + part + "--b c--", "A"},
		{"preamble and epilogue", "boundary=b", "hello\r\n--b\r\n" + part + "--b--\r\nbye --b", "A"},
		{"padding", "boundary=b", "--b \t\r\n" + part + "--b--", "A"},
		{"other headers", "boundary=b", "--b\r\nContent-Type: text/plain\r\nX: y\r\n" + part + "--b--", "A"},
		{"name without quotes", "boundary=b", "--b\r\ncontent-disposition:form-data ; name=name ; x=y\r\n\r\nA\r\n--b--", "A"},
		{"lines end", "boundary=b", "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nA\r\n\r\n-\r\n--b--", "A\r\n\r\n-"},
		{"last wins", "boundary=b", "--b\r\n" + strings.Replace(part, "\nA", "\nB", 1) + "--b\r\n" + part + "--b--", "A"},
		{"file", "boundary=b", "--b\r\n" + part + "--b\r\nContent-Disposition: form-data; name=\"name\"; filename=\"x\"\r\n\r\nB\r\n--b--", "A"},
		{"without name", "boundary=b", "--b\r\n" + part + "--b\r\nX: y\r\n\r\nB\r\n--b--", "A"},
		{"boundary within", "boundary=b", "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nA--b\r\n--b--", "A--b"},
		{"quote that does not end", "boundary=b", "--b\r\n" + part + "--b\r\nContent-Disposition: form-data; name=\"name\r\n\r\nB\r\n--b--", "A"},
		{"no boundary", "charset=utf-8", "--b\r\n" + part + "--b--", ""},
		{"empty boundary", "boundary=", "--\r\n" + part + "----", ""},
		{"long boundary", "boundary=" + strings.Repeat("b", 71), "--" + strings.Repeat("b", 71) + "\r\n" + part + "--" + strings.Repeat("b", 71) + "--", ""},
		{"other boundary", "boundary=c", "--b\r\n" + part + "--b--", ""},
		{"no end", "boundary=b", "--b\r\n" + part, ""},
		{"no end of headers", "boundary=b", "--b\r\nContent-Disposition: form-data; name=\"name\"", ""},
		{"text behind boundary", "boundary=b", "--bx\r\n" + part + "--b--", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			w := post(t, ahoy.New(f, ahoy.Options{}), "/ahoy/events", "multipart/form-data; "+c.contentType, c.body, "Ahoy-Visit", "v", "Ahoy-Visitor", "w")
			if c.event == "" {
				want(t, w, 400, "Invalid parameters\n")
				return
			}
			want(t, w, 200, "{}")
			if e := f.events(); len(e) != 1 || e[0].Name != c.event {
				t.Errorf("%+v", e)
			}
		})
	}
}

// TestNested is Rack's way to read nested names.
func TestNested(t *testing.T) {
	deep := strings.Repeat("[a]", 31)
	for query, want := range map[string]string{
		"properties[a]=1&properties[b]=2":                `{"a":"1","b":"2"}`,
		"properties[a]=1&properties[a]=2":                `{"a":"2"}`,
		"properties[a][b]=1&properties[a][c]=2":          `{"a":{"b":"1","c":"2"}}`,
		"properties[a][]=1&properties[a][]=2":            `{"a":["1","2"]}`,
		"properties[a][][x]=1&properties[a][][y]=2":      `{"a":[{"x":"1","y":"2"}]}`,
		"properties[a][][x]=1&properties[a][][x]=2":      `{"a":[{"x":"1"},{"x":"2"}]}`,
		"properties%5Ba%5D=%C3%A9+%3C%00":                "{\"a\":\"é <\uFFFD\"}",
		"properties[a]":                                  `{"a":""}`,
		"properties=":                                    "",
		"properties":                                     "",
		`properties={"a":1}`:                             `{"a":1}`,
		"properties[]=1":                                 "",
		"other[a]=1&other[a][b]=2":                       "",
		"&&properties[a]=1&":                             `{"a":"1"}`,
		"properties" + deep + "=1":                       strings.Repeat(`{"a":`, 31) + `"1"` + strings.Repeat("}", 31),
		"properties[a]=1&properties[a][b]=2":             "400",
		"properties[a][]=1&properties[a][b]=2":           "400",
		"properties[a][b]=1&properties[a]=2":             "400",
		"properties" + strings.Repeat("[a]", 100) + "=1": "400",
		"properties[a]=%":                                "400",
		"%f":                                             "400",
	} {
		f := &fake{}
		w := post(t, ahoy.New(f, ahoy.Options{}), "/ahoy/events?name=A&"+query, form, "", "Ahoy-Visit", "v", "Ahoy-Visitor", "w")
		if want == "400" {
			if w.Code != 400 || w.Body.String() != "Invalid parameters\n" {
				t.Errorf("%s: %d %s", query, w.Code, w.Body)
			}
			continue
		}
		if e := f.events(); len(e) != 1 || string(e[0].Properties) != want {
			t.Errorf("%s: %s", query, e[0].Properties)
		}
	}
}
