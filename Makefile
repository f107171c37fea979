# make run     build everything and serve on http://localhost:8080
# make test    every check and test (installs what they need)
# make bench   measure, with peers and ceilings in the same run
# make build   bin/wake
.PHONY: run build web geo test lint test-go test-web e2e fuzz bench clean
.DEFAULT_GOAL := build

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO      ?= go
FUZZTIME ?= 60s

build: web geo
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/wake ./cmd/wake

run: build
	./bin/wake serve --demo

# The browser's part: installed from the lockfile, built into web/dist.
web: web/dist/.built
web/dist/.built: web/package-lock.json web/build.mjs $(shell find web/beacon -type f 2>/dev/null)
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	touch $@

# The built-in country database, packed from its npm package.
geo: geo/builtin/country.mmdb.gz
geo/builtin/country.mmdb.gz: web/dist/.built
	$(GO) run ./geo/builtin/build
	touch $@

test: build lint test-web test-go e2e

lint:
	@files=$$(git ls-files -z '*.go' | xargs -0 gofmt -l); if [ -n "$$files" ]; then echo "not gofmt-ed:"; echo "$$files"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	cd web && npm run --silent check

test-web: web
	cd web && npm run --silent test

# Real PostgreSQL, Redis and Chromium: the tests start them on free ports.
test-go: build
	scripts/need.sh postgres=postgresql redis-server=redis-server chromium=chromium
	$(GO) test -race -timeout 15m ./...

e2e: build
	scripts/need.sh chromium=chromium
	cd web && WAKE_BIN=$(CURDIR)/bin/wake npm run --silent e2e

# Every fuzz target in turn, for FUZZTIME each.
fuzz:
	scripts/fuzz.sh $(FUZZTIME)

bench: build
	$(MAKE) -C bench

clean:
	rm -rf bin web/dist/* geo/builtin/*.mmdb.gz
	git checkout -- web/dist
