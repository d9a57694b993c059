//go:build !unix

package client

import "errors"

// isReset reports whether err says that the connection was reset.
func isReset(err error) bool {
	var errno interface{ Temporary() bool }
	return errors.As(err, &errno)
}
