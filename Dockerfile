# syntax=docker/dockerfile:1

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends default-libmysqlclient-dev libsqlite3-dev libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The dependencies have their own layer, which is rebuilt only when the manifest changes.
COPY Package.* ./
RUN swift package resolve
# SwiftPM requires the directories of the test targets, although it does not build them.
COPY Sources Sources
COPY Tests Tests
RUN swift build --configuration release --static-swift-stdlib --product megaphone \
    && install -D --strip "$(swift build --configuration release --show-bin-path)/megaphone" /app/bin/megaphone
# version.json as specified by Dockerflow. Set the values with docker build --build-arg VERSION=… and so on.
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
# The same default as in the original's image. MEGAPHONE_ADDRESS overrides ROCKET_ADDRESS.
ENV ROCKET_ADDRESS=0.0.0.0
ENV MEGAPHONE_VERSION_FILE=/app/version.json
# The default database is a file in the working directory. The service writes no other files, so the root file system
# can be read-only.
VOLUME /data
WORKDIR /data
# Numeric, because Kubernetes' runAsNonRoot does not resolve names.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Liveness: while the database is down, a node still serves its last board, which a restart would lose.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/app/bin/megaphone", "healthcheck", "--live"]
ENTRYPOINT ["/app/bin/megaphone"]
CMD ["serve"]
