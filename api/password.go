package api

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"wake/tracker"
)

// Parameters of argon2id: the second choice of RFC 9106 §4 (64 MiB), for
// servers where memory is dear.
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 4
	argonSalt    = 16
	argonHash    = 32
)

const (
	minPassword = 10
	maxPassword = 256
)

// HashPassword is argon2id of the password, in PHC format. Too short or too
// long ones are an error.
func HashPassword(password string) (string, error) {
	if len(password) < minPassword || len(password) > maxPassword {
		return "", tracker.Invalid("password", "a password has %d to %d bytes", minPassword, maxPassword)
	}
	var salt [argonSalt]byte
	_, _ = rand.Read(salt[:]) // never fails since Go 1.24
	hash := argon2.IDKey([]byte(password), salt[:], argonTime, argonMemory, argonThreads, argonHash)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		b64.EncodeToString(salt[:]), b64.EncodeToString(hash)), nil
}

// CheckPassword reports whether the password is the one that was hashed, in
// constant time. The parameters are those of the hash.
func CheckPassword(hash, password string) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || len(password) > maxPassword {
		return false
	}
	var (
		version, memory, time uint32
		threads               uint8
	)
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil {
		return false
	}
	if memory > 1<<20 || time == 0 || time > 16 || threads == 0 {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) != argonHash {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, argonHash)
	return subtle.ConstantTimeCompare(got, want) == 1
}
