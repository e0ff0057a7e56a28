# One image, several entry points:
#   /app/entrypoint_api.sh          brings the schema up to date, then serves (the default)
#   /app/entrypoint_migrations.sh   one command of the migrations: COMMAND, REVISION
# The last stage holds the binary, the libraries it loads, bash and busybox: no package manager, no build tools.
ARG DEBIAN_IMAGE=debian:bookworm-slim

# --- build: compiler and libraries first, since they change least -------------------------------------------------
FROM ${DEBIAN_IMAGE} AS build
COPY scripts/install-packages /source/scripts/install-packages
RUN /source/scripts/install-packages build && rm -rf /var/lib/apt/lists/*

WORKDIR /source
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake ./cmake
COPY tests/CMakeLists.txt ./tests/
COPY include ./include
COPY migrations ./migrations
COPY templates ./templates
COPY src ./src
RUN cmake --preset release \
 && ninja -C build auth \
 && strip --strip-unneeded -o /usr/local/bin/auth build/auth

# --- rootfs: what the last stage is made of ------------------------------------------------------------------------
FROM build AS rootfs
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends bash busybox ca-certificates \
 && rm -rf /var/lib/apt/lists/*
COPY deploy/image/collect-rootfs /usr/local/bin/
RUN collect-rootfs /rootfs /usr/local/bin/auth
COPY --chmod=0755 src/entrypoint_api.sh src/entrypoint_migrations.sh /rootfs/app/
COPY migrations /rootfs/app/migrations

# --- the image -----------------------------------------------------------------------------------------------------
FROM scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="auth" \
      org.opencontainers.image.description="Sign-up, sign-in, sessions and tokens over HTTP" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=rootfs /rootfs/ /
ENV PATH=/usr/local/bin:/usr/bin \
    HOME=/var/lib/auth \
    AUTH_LISTEN=0.0.0.0:8080 \
    AUTH_OPS_LISTEN=0.0.0.0:9090 \
    AUTH_DATA_DIR=/var/lib/auth
USER 10001:10001
WORKDIR /app
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=6s --start-period=60s --retries=3 CMD ["auth", "healthcheck"]
ENTRYPOINT ["/app/entrypoint_api.sh"]
