package rest

import (
	"strings"
	"testing"
)

func TestLoggable(t *testing.T) {
	tests := []struct{ name, query, want string }{
		{"as it is", "select=id,name&id=eq.1&or=(a.is.null)", "select=id,name&id=eq.1&or=(a.is.null)"},
		{"apikey", "select=id&apikey=s3cret&limit=1", "select=id&apikey=REDACTED&limit=1"},
		{"api_key", "api_key=s3cret", "api_key=REDACTED"},
		{"X-API-Key", "X-API-Key=s3cret", "X-API-Key=REDACTED"},
		{"access_token", "access_token=s3cret", "access_token=REDACTED"},
		{"escaped name", "api%6Bey=s3cret&%61uth=s3cret", "api%6Bey=REDACTED&%61uth=REDACTED"},
		{"wrongly escaped name", "%zztoken=s3cret", "%zztoken=REDACTED"},
		{"behind a semicolon", "id=1;password=s3cret", "id=1;password=REDACTED"},
		{"twice", "token=s3cret&token=s3cret", "token=REDACTED&token=REDACTED"},
		{"with =", "token=s3cret=s3cret==", "token=REDACTED"},
		{"cloud signature", "X-Amz-Signature=s3cret&X-Amz-Credential=s3cret", "X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED"},
		{"no value", "token=&token", "token=REDACTED&token"},
		{"one line", "a=\n\r\x00\x1b[1mé\u2028", "a=????[1m??"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := loggable(tt.query); got != tt.want {
				t.Errorf("loggable(%q) = %q; want %q", tt.query, got, tt.want)
			}
		})
	}
	long := loggable("a=" + strings.Repeat("x", 1<<16))
	if len(long) > maxLoggedBytes+3 || !strings.HasSuffix(long, "...") {
		t.Errorf("loggable of 64 KiB = %d bytes; want at most %d", len(long), maxLoggedBytes+3)
	}
}
