package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// consoleBlock is a piece of README.md with commands and what they print.
var consoleBlock = regexp.MustCompile("(?ms)^```console\n(.*?)^```")

// README.md shows what its commands print: they are run as written, but for the
// port, against the rows that they are about.
func TestReadmeCommands(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here: the commands of README.md were not run")
	}
	text, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	api := (&browser{readapi: buildReadapi(t), engine: newEngine(t)}).startAPI(t)
	for _, block := range consoleBlock.FindAllSubmatch(text, -1) {
		for example := range bytes.SplitSeq(block[1], []byte("$ ")) {
			command, want, _ := strings.Cut(string(example), "\n")
			if command == "" {
				continue
			}
			t.Run(command, func(t *testing.T) {
				command := strings.ReplaceAll(command, "localhost:8080", strings.TrimPrefix(api, "http://"))
				out, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput()
				got := strings.ReplaceAll(string(out), "\r\n", "\n") // CSV and headers
				if err != nil || got != want {
					t.Errorf("%s prints %q, %v; README.md shows %q", command, got, err, want)
				}
			})
		}
	}
}
