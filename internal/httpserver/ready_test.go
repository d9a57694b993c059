package httpserver

import (
	"slices"
	"testing"
)

// A health check looks nothing up that it can know.
func TestCheckHosts(t *testing.T) {
	machine := []string{"127.0.0.1", "::1"}
	tests := []struct {
		host string
		want []string
	}{
		{"", machine},
		{"localhost", machine},
		{"0.0.0.0", machine},
		{"::", machine},
		{"10.0.0.1", []string{"10.0.0.1"}},
		{"::1", []string{"::1"}},
		{"api.example", []string{"api.example"}},
	}
	for _, tt := range tests {
		if got := checkHosts(tt.host); !slices.Equal(got, tt.want) {
			t.Errorf("checkHosts(%q) = %q; want %q", tt.host, got, tt.want)
		}
	}
}
