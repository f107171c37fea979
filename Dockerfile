# Wake in one small image. Build: docker build -t wake .
FROM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build && touch dist/.built

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist ./web/dist
COPY --from=web /src/web/node_modules/@ip-location-db ./web/node_modules/@ip-location-db
ARG VERSION=dev
RUN go run ./geo/builtin/build && \
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /wake ./cmd/wake && \
    mkdir /data

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* && \
    useradd --system --uid 10001 wake
COPY --from=build /wake /usr/local/bin/wake
COPY --from=build --chown=wake:wake /data /data
USER wake
ENV WAKE_LISTEN=:8080 WAKE_DATA=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s CMD ["wake", "health"]
ENTRYPOINT ["wake"]
CMD ["serve"]
