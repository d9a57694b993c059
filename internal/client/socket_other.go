//go:build !linux

package client

// This file is for systems that are not asked: what Write took counts as taken.

func writeNow(uintptr, []byte) int { return 0 }

func queued(uintptr) int { return 0 }
