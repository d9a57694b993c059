# The image of readapi: the static binary, CA certificates for DB_TLS=true, and
# nothing else. It needs BuildKit (Docker since 23) or buildah.
#
#   docker build -t readapi --build-arg VERSION="$(git describe --tags --always)" .
#
# With a binary that is there already, nothing is pulled: DIR holds what the
# first stage would make, readapi and etc/ssl/certs/ca-certificates.crt.
#
#   docker build -t readapi --build-context build=DIR .

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY *.go ./
COPY internal internal
ARG TARGETOS
ARG TARGETARCH
ARG VERSION
# The flags of make dist: from the same source the same bytes.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /readapi .

FROM scratch
ARG VERSION
LABEL org.opencontainers.image.title="readapi" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY LICENSE /
COPY --from=build /readapi /readapi
# The default, localhost, would be the container's own.
ENV ADDR=:8080
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/readapi", "-check"]
ENTRYPOINT ["/readapi"]
