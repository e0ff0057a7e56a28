# The web server in front: limits and queues requests for each client, caches what is public, terminates TLS.
# Everything below ENV can be set when the container starts; nothing has to be mounted.
ARG NGINX_IMAGE=nginx:1.22
FROM ${NGINX_IMAGE}

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="auth-webserver" \
      org.opencontainers.image.description="nginx in front of auth" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Zones: requests of one client (an IPv4 address or an IPv6 /64); what exceeds the rate waits, what exceeds the burst is
# refused. DELAY: empty, nodelay or delay=N. (TOKEN is the name of a zone, no secret.)
# hadolint ignore=DL3064
ENV NGINX_GENERAL_RATE=10r/s      NGINX_GENERAL_BURST=20      NGINX_GENERAL_DELAY="" \
    NGINX_CREDENTIALS_RATE=5r/s   NGINX_CREDENTIALS_BURST=10  NGINX_CREDENTIALS_DELAY="" \
    NGINX_MAIL_RATE=1r/s          NGINX_MAIL_BURST=5          NGINX_MAIL_DELAY="" \
    NGINX_TOKEN_RATE=20r/s        NGINX_TOKEN_BURST=40        NGINX_TOKEN_DELAY=nodelay \
    NGINX_VERIFY_RATE=200r/s      NGINX_VERIFY_BURST=200      NGINX_VERIFY_DELAY=nodelay \
    NGINX_CONNECTIONS_PER_CLIENT=20 \
    NGINX_LIMIT_STATUS=429 \
    NGINX_RETRY_AFTER=1 \
    NGINX_ZONE_SIZE=10m

# Load balancers before this one, by spaces: addresses or networks whose X-Forwarded-For is believed.
ENV NGINX_TRUSTED_PROXIES=""

ENV NGINX_LISTEN="8080 [::]:8080" \
    NGINX_TLS_LISTEN="8443 [::]:8443" \
    NGINX_TLS_CERTIFICATE=/run/secrets/tls_certificate \
    NGINX_TLS_KEY=/run/secrets/tls_key \
    NGINX_HEALTH_LISTEN=127.0.0.1:8081 \
    NGINX_UPSTREAM=auth:8080 \
    NGINX_UPSTREAM_TIMEOUT=15s \
    NGINX_RESOLVER="" \
    NGINX_ISSUER=http://localhost:8080 \
    NGINX_HEADER_TIMEOUT=5s \
    NGINX_BODY_TIMEOUT=5s \
    NGINX_BODY_MAX=64k \
    NGINX_SAMPLE=off \
    NGINX_WORKER_PROCESSES=auto \
    NGINX_WORKER_CONNECTIONS=4096 \
    NGINX_ACCESS_LOG=/dev/stdout \
    NGINX_ERROR_LOG=/dev/stderr \
    NGINX_ERROR_LOG_LEVEL=notice

# All that is written goes here, so that the root file system can be read-only and /tmp the one tmpfs.
ENV NGINX_RUN_DIR=/tmp/nginx \
    NGINX_ENVSUBST_OUTPUT_DIR=/tmp/nginx \
    NGINX_ENVSUBST_FILTER=^NGINX_

COPY nginx/entrypoint/ /docker-entrypoint.d/
COPY nginx/templates/ /etc/nginx/templates/

USER 101:101
EXPOSE 8080 8443
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8081/health"]
CMD ["nginx", "-c", "/tmp/nginx/nginx.conf", "-g", "daemon off;"]
