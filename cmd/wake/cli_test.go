package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"wake/api"
)

// Every flag of every command can be given as its WAKE_ variable, and says
// what it is for.
func TestFlags(t *testing.T) {
	var look func(path string, c *cli.Command)
	seen := 0
	look = func(path string, c *cli.Command) {
		if c.Usage == "" {
			t.Errorf("%s: no usage", path)
		}
		for _, f := range c.Flags {
			seen++
			name := f.Names()[0]
			doc, ok := f.(cli.DocGenerationFlag)
			if !ok || doc.GetUsage() == "" {
				t.Errorf("%s --%s: no usage", path, name)
				continue
			}
			if want := envName(name); !slices.Contains(doc.GetEnvVars(), want) {
				t.Errorf("%s --%s: %s does not set it", path, name, want)
			}
		}
		for _, sub := range c.Commands {
			look(path+" "+sub.Name, sub)
		}
	}
	look("wake", newCommand())
	if seen < 30 {
		t.Errorf("only %d flags seen", seen)
	}
}

// Variables say the same as flags, and secrets may stand in files.
func TestVariables(t *testing.T) {
	dir := t.TempDir()
	env := []string{"WAKE_DATA=" + dir}
	if _, errs, code := wakeCode(t, env, "", "site", "add", "From a variable"); code != 0 {
		t.Fatal(errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "wake.db")); err != nil {
		t.Error("WAKE_DATA:", err)
	}
	file := filepath.Join(dir, "url")
	if err := os.WriteFile(file, []byte("postgres://nobody@127.0.0.1:1/none?connect_timeout=1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := wakeCode(t, []string{"WAKE_DATABASE_URL_FILE=" + file}, "", "site", "list"); code != 1 || !strings.Contains(errs, "127.0.0.1") {
		t.Errorf("WAKE_DATABASE_URL_FILE: exit code %d, %q", code, errs)
	}
	// A flag wins over its variable.
	out, errs, code := wakeCode(t, append(env, "WAKE_LOG_LEVEL=nonsense"), "", "site", "list", "--data", filepath.Join(dir, "other"))
	if code != 0 || strings.Contains(out, "From a variable") {
		t.Errorf("--data: exit code %d, %q %q", code, out, errs)
	}
}

// What commands do and say. Each line of a conversation runs on the database
// of those before; {1} is the last word that line 1 printed.
func TestCommands(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, d database) {
		key := regexp.MustCompile(`^` + api.KeyPrefix + `[A-Za-z0-9_-]{32}$`)
		site := regexp.MustCompile(`^[a-z0-9]{8,}$`)
		words := map[string]string{}
		for n, c := range []struct {
			args  string
			stdin string
			code  int
			last  *regexp.Regexp // the last word of standard output
			out   []string       // in standard output
			err   string         // in standard error
			none  string         // nowhere
		}{
			{args: "migrate status", out: []string{"version 0", "wake migrate up"}},
			{args: "migrate up", out: []string{"from version 0 to"}},
			{args: "migrate up", out: []string{"already"}},
			{args: "migrate status", out: []string{"the newest"}},
			{args: "doctor", code: 1, out: []string{"✓ store", "✓ schema", "✗ sites", "wake site add"}, err: "1 of the checks failed"},

			{args: "site add Shop --domain https://Shop.example:8443/cart --domain *.shop.example", last: site, out: []string{"wake.js", "data-site"}}, // 5
			{args: "site list", out: []string{"{5}", "Shop", "shop.example *.shop.example", "UTC"}},
			{args: "site add Blog --key blog --time-zone Europe/Berlin", last: regexp.MustCompile("^blog$")},
			{args: "site add Other --key blog", code: 1, err: "exists already"},
			{args: "site add Other --key B!", code: 1, err: "4 to 32 of a-z and 0-9"},
			{args: "site add Other --time-zone Mars/Olympus", code: 1, err: "Mars/Olympus is not known"},
			{args: "site add Other --domain a@b", code: 1, err: `"a@b" is not a host`},
			{args: "site add", code: 1, err: "one name"},
			{args: "site add Two names", code: 1, err: "one name"},
			{args: "site set blog --name Weblog --retention-days 90 --visit-rule fixed --visit-timeout 4h", out: []string{"blog"}},
			{args: "site set blog --visit-rule sometimes", code: 1, err: "idle or fixed"},
			{args: "site set blog --retention-days -1", code: 1, err: "0 to 36500"},
			{args: "site set blog --exclude-address nonsense", code: 1, err: "neither an address nor a range"},
			{args: "site set nosuch --name X", code: 1, err: `no site with the key "nosuch"`},
			{args: "site list", out: []string{"Weblog", "Europe/Berlin"}, none: "Other"},
			{args: "doctor", out: []string{"✓ sites", "✓ places", "✓ clock"}, none: "✗"},

			{args: "key add --scope read --name Reports", last: key}, // 21
			{args: "key add --scope write --site {5}", last: key},
			{args: "key add --scope everything", code: 1, err: "read, write or admin"},
			{args: "key add --site nosuch", code: 1, err: "no site"},
			{args: "key list", out: []string{"Reports", "read", "write"}, none: "{21}"},
			{args: "key revoke 1", out: []string{"Revoked"}},
			{args: "key revoke 99", code: 1, err: "no"},
			{args: "key revoke one", code: 1, err: "wake key list"},

			{args: "user add Ann@Example.org --role admin --password-stdin", stdin: "correct horse battery\n", out: []string{"ann@example.org may sign in as admin"}, none: "battery"},
			{args: "user add ann@example.org --role viewer --password-stdin", stdin: "another one entirely\n", out: []string{"viewer"}},
			{args: "user list", out: []string{"ann@example.org", "viewer"}, none: "argon2"},
			{args: "user add bob@example.org --password-stdin", stdin: "", code: 1, err: "no password"},
			{args: "user add bob@example.org --password-stdin", stdin: "short\n", code: 1, err: "password"},
			{args: "user add bob --password-stdin", stdin: "correct horse battery\n", code: 1, err: "email"},
			{args: "user add bob@example.org --role king --password-stdin", stdin: "correct horse battery\n", code: 1, err: "admin or viewer"},
			{args: "user remove bob@example.org", code: 1, err: "nobody"},
			{args: "user remove ANN@example.org", out: []string{"no more"}},

			{args: "generate --visits 300 --days 3 --site {5}", out: []string{"Wrote 300 visits", "{5}"}, err: "visits"},
			{args: "generate --visits 0", code: 1, err: "at least 1"},
			{args: "generate --site nosuch", code: 1, err: "no site"},
			{args: "site remove blog", out: []string{"blog"}},
			{args: "site remove blog", code: 1, err: "no site"},

			{args: "nonsense", code: 1, err: "nonsense"},
			{args: "site nonsense", code: 1, err: "nonsense"},
			{args: "site add X --nonsense 1", code: 1, err: "nonsense"},
			{args: "key add --scope", code: 1, err: "scope"},
		} {
			args := []string{}
			for a := range strings.FieldsSeq(fill(c.args, words)) {
				args = append(args, a)
			}
			flags := d.flags
			if args[0] == "nonsense" || len(args) > 1 && args[1] == "nonsense" {
				flags = nil
			}
			out, errs, code := wakeCode(t, nil, c.stdin, append(args, flags...)...)
			words[fmt.Sprintf("{%d}", n)] = lastWord(out)
			said := fmt.Sprintf("wake %s: exit code %d\n%s%s", c.args, code, out, errs)
			if code != c.code {
				t.Errorf("exit code %d wanted; %s", c.code, said)
			}
			for _, want := range c.out {
				if !strings.Contains(out, fill(want, words)) {
					t.Errorf("no %q; %s", want, said)
				}
			}
			if !strings.Contains(errs, c.err) {
				t.Errorf("no %q; %s", c.err, said)
			}
			if c.none != "" && strings.Contains(out+errs, fill(c.none, words)) {
				t.Errorf("%q; %s", c.none, said)
			}
			if c.last != nil && !c.last.MatchString(lastWord(out)) {
				t.Errorf("the last word is %q; %s", lastWord(out), said)
			}
			if code != 0 && (strings.Contains(errs, "goroutine ") || !strings.Contains(errs, "wake: ")) {
				t.Errorf("no sentence; %s", said)
			}
		}
	})
}

func fill(s string, words map[string]string) string {
	for name, word := range words {
		s = strings.ReplaceAll(s, name, word)
	}
	return s
}

// serve says what is wrong with its settings, and does not start.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	taken := serving(t, "--data", t.TempDir())
	for _, c := range []struct{ args, err string }{
		{"--listen nowhere", "nowhere"},
		{"--listen " + taken.addr, "address already in use"},
		{"--log-level loud", "debug, info, warn or error"},
		{"--log-format xml", "text or json"},
		{"--trusted-proxy everybody", "neither an address nor a range"},
		{"--script-name x/y.js", "--script-name"},
		{"--hit-path nowhere", "--hit-path"},
		{"--rate-limit -1", "negative"},
		{"--hold 0s", "hold"},
		{"--geo-db /no/such/file.mmdb", "/no/such/file.mmdb"},
		{"--data /dev/null/x", "/dev/null"},
		{"--database-url postgres://nobody@127.0.0.1:1/none?connect_timeout=1", "127.0.0.1"},
		{"--database-url mysql://x", "mysql://x"},
		{"--rate-limit much", "rate-limit"},
	} {
		args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, strings.Fields(c.args)...)
		out, errs, code := wakeCode(t, nil, "", args...)
		if code != 1 || !strings.Contains(errs, c.err) || strings.Contains(errs, "goroutine ") {
			t.Errorf("wake serve %s: exit code %d, no %q\n%s%s", c.args, code, c.err, out, errs)
		}
	}
}

// --help of every command names its flags and what it is for.
func TestHelp(t *testing.T) {
	t.Parallel()
	var look func(path []string, c *cli.Command)
	look = func(path []string, c *cli.Command) {
		out, errs, code := wakeCode(t, nil, "", append(path, "--help")...)
		if code != 0 || errs != "" || !strings.Contains(out, c.Usage) {
			t.Errorf("wake %v --help: exit code %d\n%s%s", path, code, out, errs)
		}
		for _, f := range c.Flags {
			if !strings.Contains(out, "--"+f.Names()[0]) {
				t.Errorf("wake %v --help does not tell --%s", path, f.Names()[0])
			}
		}
		for _, sub := range c.Commands {
			look(append(slices.Clone(path), sub.Name), sub)
		}
	}
	look(nil, newCommand())
	for _, args := range [][]string{{"--version"}, {}} {
		if out, errs, code := wakeCode(t, nil, "", args...); code != 0 || !strings.Contains(out, "wake") {
			t.Errorf("wake %v: exit code %d\n%s%s", args, code, out, errs)
		}
	}
}
