#!/bin/sh
# SPDX-License-Identifier: MIT
# Before the templates are filled in: every setting that is wrong is named, and nothing starts.
set -eu

wrong=0
refuse() {
    echo "webserver: $1: $2" >&2
    wrong=$((wrong + 1))
}

value_of() { eval "printf '%s' \"\${$1-}\""; }

# check NAME PATTERN WORDS: the whole value, one line, matches the extended regular expression.
check() {
    if [ "$(value_of "$1" | wc -l)" -gt 0 ] || ! value_of "$1" | grep -Eqx -- "$2"; then
        refuse "$1" "is \"$(value_of "$1")\", must be $3"
    fi
}

for zone in GENERAL CREDENTIALS MAIL TOKEN VERIFY; do
    check "NGINX_${zone}_RATE" '[1-9][0-9]*r/[sm]' 'a rate such as 10r/s or 30r/m'
    check "NGINX_${zone}_BURST" '[1-9][0-9]*' 'a whole number above 0'
    # An empty value has no line for grep to see.
    [ -z "$(value_of "NGINX_${zone}_DELAY")" ] ||
        check "NGINX_${zone}_DELAY" 'nodelay|delay=[0-9]+' 'empty, nodelay or delay=N'
done
check NGINX_ZONE_SIZE '[1-9][0-9]*[km]' 'a size such as 10m'
check NGINX_LIMIT_STATUS '4[0-9][0-9]|5[0-9][0-9]' 'a status such as 429 or 503'
check NGINX_RETRY_AFTER '[0-9]+' 'a number of seconds'
check NGINX_CONNECTIONS_PER_CLIENT '[1-9][0-9]*' 'a whole number'
check NGINX_BODY_MAX '[1-9][0-9]*[km]?' 'a size such as 64k'
check NGINX_HEADER_TIMEOUT '[1-9][0-9]*m?s' 'a time such as 5s'
check NGINX_BODY_TIMEOUT '[1-9][0-9]*m?s' 'a time such as 5s'
check NGINX_UPSTREAM_TIMEOUT '[1-9][0-9]*m?s' 'a time such as 15s'
check NGINX_UPSTREAM '[A-Za-z0-9._-]+:[0-9]+|\[[0-9a-fA-F:]+\]:[0-9]+|unix:/[^ ;{}]+:' 'host:port'
check NGINX_ISSUER 'https?://[^ "\;{}$]+' 'the http or https URL clients use'
check NGINX_SAMPLE 'on|off' 'on or off'
check NGINX_ERROR_LOG_LEVEL 'debug|info|notice|warn|error|crit' 'a level of nginx'
check NGINX_WORKER_PROCESSES 'auto|[1-9][0-9]*' 'auto or a whole number'
check NGINX_WORKER_CONNECTIONS '[1-9][0-9]*' 'a whole number'
for proxy in ${NGINX_TRUSTED_PROXIES-}; do
    echo "$proxy" | grep -Eqx '[0-9]+(\.[0-9]+){3}(/[0-9]+)?|[0-9a-fA-F:]*:[0-9a-fA-F:.]*(/[0-9]+)?' ||
        refuse NGINX_TRUSTED_PROXIES "\"$proxy\" is no address or network"
done

# The certificate and its key come together.
[ -e "$NGINX_TLS_CERTIFICATE" ] && [ ! -e "$NGINX_TLS_KEY" ] &&
    refuse NGINX_TLS_KEY "$NGINX_TLS_KEY is missing, though $NGINX_TLS_CERTIFICATE is there"
[ ! -e "$NGINX_TLS_CERTIFICATE" ] && [ -e "$NGINX_TLS_KEY" ] &&
    refuse NGINX_TLS_CERTIFICATE "$NGINX_TLS_CERTIFICATE is missing, though $NGINX_TLS_KEY is there"
for file in "$NGINX_TLS_CERTIFICATE" "$NGINX_TLS_KEY"; do
    [ ! -e "$file" ] || [ -r "$file" ] || refuse TLS "$file cannot be read by $(id -un 2>/dev/null || id -u)"
done

if [ "$wrong" -gt 0 ]; then
    echo "webserver: $wrong wrong; nothing was started" >&2
    exit 1
fi
# A socket that a killed process left behind would keep the next from listening.
mkdir -p "$NGINX_RUN_DIR" "$NGINX_ENVSUBST_OUTPUT_DIR"
rm -f "$NGINX_RUN_DIR/sample.sock"
