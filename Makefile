# readapi: make help lists the targets.

GOFUMPT     = go run mvdan.cc/gofumpt@v0.12.0
STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.1
GOVULNCHECK = go run golang.org/x/vuln/cmd/govulncheck@v1.9.0

MODULES   = . demo bench clients/go
VERSION   = $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
TARGETS   = linux/amd64 linux/arm64 darwin/arm64 windows/amd64
BROWSERS  = chromium chromium-browser google-chrome google-chrome-stable chrome \
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
TESTFLAGS =
FUZZTIME  = 200000x
SOAK      = long
BENCH     =

export CGO_ENABLED ?= 0

.PHONY: help build run test integration lint fmt fuzz clients screenshot bench soak dist check cover clean bin/readapi bin/demo

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: bin/readapi ## build bin/readapi, one static binary

bin/readapi:
	go build -trimpath -o $@ .

bin/demo:
	cd demo && go build -trimpath -o ../$@ .

# .env is read as it stands, less one pair of quotes around a value: a shell would
# change a password that holds $ or #. What is set already wins.
define READ_ENV
while IFS= read -r line || [ -n "$$line" ]; do \
  case $$line in [A-Z]*=*) ;; *) continue ;; esac; \
  name=$${line%%=*}; value=$${line#*=}; \
  case $$value in \"*\"|\'*\') value=$${value#?}; value=$${value%?} ;; esac; \
  printenv "$$name" >/dev/null || export "$$name=$$value"; \
done <.env
endef

run: build ## serve the MySQL of .env; without a .env, demo rows from an embedded database
	@if [ -f .env ]; then \
	  $(READ_ENV); \
	  echo "make run: serving the database of .env, with a page at $${ADDR:-localhost:$${PORT:-8080}}"; \
	  exec bin/readapi; \
	fi; \
	$(MAKE) --no-print-directory bin/demo || exit; \
	echo 'make run: no .env, so these are demo rows from an embedded database. In another shell:'; \
	echo; echo "    curl -s localhost:$${PORT:-8080}/read"; echo; \
	exec bin/demo -site bin/readapi

test: bin/demo ## run all tests, on an embedded database or on yours (TEST_DB_*, see CONTRIBUTING.md)
	$(if $(TEST_DB_HOST),,bin/demo) go test -count=1 $(TESTFLAGS) ./...
	@command -v npm >/dev/null && (cd clients && npm ci >/dev/null 2>&1) || \
	  echo 'make test: axe-core and postgrest-js, which npm would install, are not here: TestBrowser goes without them'
	cd demo && go test -count=1 $(TESTFLAGS) ./...
	@for name in $(BROWSERS); do command -v "$$name" >/dev/null && exit; done; \
	echo 'make test: no Chromium or Chrome here: the browser tests (TestBrowser in demo/) were skipped'
	cd bench && go test -count=1 $(TESTFLAGS) ./...
	@if command -v npm >/dev/null && (cd clients && npm ci >/dev/null 2>&1); then \
	  $(MAKE) --no-print-directory clients; \
	else \
	  echo 'make test: the tests in clients/ did not run: npm, or what it would install, is not here'; \
	fi

integration: ## run only the tests that need a database, by name, on yours (TEST_DB_*)
	go test -p 1 -count=1 -timeout 30m -v -run '^TestMySQL' $(TESTFLAGS) ./...

lint: ## check format and code: gofumpt, go vet, staticcheck, govulncheck
	@for module in $(MODULES); do \
	  echo "lint $$module"; \
	  (cd $$module && $(GOFUMPT) -d . && go vet ./... && $(STATICCHECK) ./... && $(VULNERABILITIES)) || exit; \
	done

# Exit code 3 is a finding; anything else means that its database is out of reach.
VULNERABILITIES = { $(GOVULNCHECK) ./... >/dev/null 2>&1; code=$$?; \
  case $$code in 0) ;; 3) $(GOVULNCHECK) ./...; exit 3 ;; \
  *) echo "govulncheck did not run: its database cannot be reached" ;; esac; }

fmt: ## format the code
	@for module in $(MODULES); do (cd $$module && $(GOFUMPT) -w .) || exit; done

fuzz: ## fuzz each target FUZZTIME (200000x) times
	@grep -o '^func Fuzz[A-Za-z0-9]*' *_test.go internal/*/*_test.go | sed 's/:func / /' | while read -r file target; do \
	  go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "./$$(dirname $$file)" || exit; \
	done

clients: build bin/demo ## run other people's clients against readapi, also in a browser (needs Node)
	cd clients && npm ci && $(if $(TEST_DB_HOST),,../bin/demo) npm test
	REQUIRE_NODE=1 $(if $(TEST_DB_HOST),,bin/demo) go test -count=1 -run '^TestMySQLSchemas$$' .

screenshot: ## take the pictures in docs/ anew (needs Chromium, and port 8080 free)
	mkdir -p bin/pictures
	cd demo && REQUIRE_BROWSER=1 SCREENSHOTS=$(CURDIR)/bin/pictures go test -count=1 -run '^TestBrowser$$/(light|picture)' .
	cp bin/pictures/page.png bin/pictures/page-table.png bin/pictures/page-related.png docs/

bench: build ## measure readapi beside other servers; writes bench/RESULTS.md (20 minutes; BENCH=-quick: 1)
	cd bench && go run . $(BENCH)

soak: build ## kill databases, stall clients, open half requests; SOAK=short takes 2 minutes
	cd bench && SOAK=$(SOAK) go test -count=1 -v -run '^TestSoak' -timeout 60m $(TESTFLAGS) .

dist: ## build the release binaries and SHA256SUMS in dist/, the same bytes each time
	rm -rf dist && mkdir dist
	@for target in $(TARGETS); do \
	  os=$${target%/*} arch=$${target#*/} suffix=; \
	  if [ $$os = windows ]; then suffix=.exe; fi; \
	  echo "build $$target"; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -trimpath -buildvcs=false \
	    -ldflags '-s -w -X main.version=$(VERSION)' -o "dist/readapi_$(VERSION)_$${os}_$$arch$$suffix" . || exit; \
	done
	cd dist && sha256sum readapi_* >SHA256SUMS

check: ## check what is shipped: make dist, image, compose.yaml, systemd unit (Debian, root or sudo)
	.ci/packaging

cover: bin/demo ## show the test coverage
	$(if $(TEST_DB_HOST),,bin/demo) go test -count=1 -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out | tail -n 1

clean: ## remove what was built
	rm -rf bin dist coverage.out
