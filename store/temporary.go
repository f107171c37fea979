package store

import "errors"

// Temporary marks an engine's error as one that may go away by itself: the
// database is away, restarting, locked, out of space, or broke off a
// transaction in favour of another.
func Temporary(err error) error { return temporary{err} }

// IsTemporary reports whether err was marked so.
func IsTemporary(err error) bool { return errors.As(err, new(temporary)) }

type temporary struct{ error }

func (t temporary) Unwrap() error { return t.error }
