package api

import (
	"strings"
	"testing"
)

func TestPassword(t *testing.T) {
	hash, err := HashPassword("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !CheckPassword(hash, "correct horse") {
		t.Error("the password itself is refused")
	}
	for _, wrong := range []string{"", "correct horsf", "correct horse ", strings.Repeat("x", 10_000)} {
		if CheckPassword(hash, wrong) {
			t.Errorf("%.20q is let in", wrong)
		}
	}
	for _, broken := range []string{"", "$", "$argon2id$v=19$m=65536,t=0,p=4$AAAA$AAAA", "$argon2id$v=19$m=4294967295,t=1,p=1$AAAA$AAAA", strings.Replace(hash, "argon2id", "argon2i", 1)} {
		if CheckPassword(broken, "correct horse") {
			t.Errorf("the hash %q lets someone in", broken)
		}
	}
	if _, err := HashPassword("short"); err == nil {
		t.Error("a short password is taken")
	}
}
