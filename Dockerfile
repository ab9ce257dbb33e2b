# syntax=docker/dockerfile:1

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends default-libmysqlclient-dev libsqlite3-dev libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The dependencies have a layer of their own: it is only made again when the manifest changes.
COPY Package.* ./
RUN swift package resolve
# SwiftPM wants the folders of the test targets too, though it builds none of them.
COPY Sources Sources
COPY Tests Tests
RUN swift build --configuration release --static-swift-stdlib --product megaphone \
    && install -D --strip "$(swift build --configuration release --show-bin-path)/megaphone" /app/bin/megaphone
# Dockerflow's version.json: docker build --build-arg VERSION=… --build-arg COMMIT=… and so on.
ARG SOURCE=unknown
ARG VERSION=unknown
ARG COMMIT=unknown
ARG BUILD=unknown
RUN printf '{"source":"%s","version":"%s","commit":"%s","build":"%s"}\n' \
    "$SOURCE" "$VERSION" "$COMMIT" "$BUILD" > /app/version.json

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libmariadb3 libsqlite3-0 libssl3 libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 app \
    && useradd --uid 10001 --gid app --home-dir /app --no-create-home --shell /usr/sbin/nologin app \
    && install --directory --owner app --group app /data
COPY --from=build /app /app
# As in the original's image, and the weakest way to say it: MEGAPHONE_ADDRESS stands above ROCKET_ADDRESS.
ENV ROCKET_ADDRESS=0.0.0.0
ENV MEGAPHONE_VERSION_FILE=/app/version.json
# The default database is a file in the working directory. Nothing else is ever written: the root may be read-only.
VOLUME /data
WORKDIR /data
# By number, so that Kubernetes' runAsNonRoot can tell.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/app/bin/megaphone", "healthcheck"]
ENTRYPOINT ["/app/bin/megaphone"]
CMD ["serve"]
