#!/bin/sh
# SPDX-License-Identifier: MIT
# Before the templates are filled in: every setting that is wrong is named, and nothing starts.
set -eu

# Name without NGINX_, pattern of the whole value, what it must be; a name that begins with _ is one for each zone.
rules() {
    cat <<'RULES'
_RATE # [1-9][0-9]*r/[sm] # a rate such as 10r/s or 30r/m
_BURST # [1-9][0-9]* # a whole number above 0
_DELAY # (nodelay|delay=[0-9]+)? # empty, nodelay or delay=N
ZONE_SIZE # [1-9][0-9]*[km] # a size such as 10m
LIMIT_STATUS # [45][0-9][0-9] # a status such as 429 or 503
RETRY_AFTER # [0-9]+ # a number of seconds
CONNECTIONS_PER_CLIENT # [1-9][0-9]* # a whole number above 0
BODY_MAX # [1-9][0-9]*[km]? # a size such as 64k
HEADER_TIMEOUT # [1-9][0-9]*m?s # a time such as 5s
BODY_TIMEOUT # [1-9][0-9]*m?s # a time such as 5s
UPSTREAM_TIMEOUT # [1-9][0-9]*m?s # a time such as 15s
UPSTREAM # ([A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):[0-9]+|unix:/[A-Za-z0-9._/-]+: # host:port or unix:/path:
ISSUER # https?://[A-Za-z0-9._~:/\[\]@%-]+ # the http or https URL clients use
SAMPLE # on|off # on or off
ERROR_LOG_LEVEL # debug|info|notice|warn|error|crit # a level of nginx
WORKER_PROCESSES # auto|[1-9][0-9]* # auto or a whole number
WORKER_CONNECTIONS # [1-9][0-9]* # a whole number above 0
TRUSTED_PROXIES # ([0-9a-fA-F.:]+(/[0-9]+)? ?)* # addresses or networks, by spaces
LISTEN # ([0-9a-fA-F.:\[\]]+ ?)+ # ports or address:port, by spaces
TLS_LISTEN # ([0-9a-fA-F.:\[\]]+ ?)+ # ports or address:port, by spaces
HEALTH_LISTEN # [0-9a-fA-F.:\[\]]+ # a port or address:port
RESOLVER # [A-Za-z0-9.:\[\]-]* # the address of a name server
RULES
}

wrong_settings() {
    rules | awk -F ' # ' '
        function check(name) {
            if (ENVIRON[name] !~ "^(" $2 ")$")
                printf "webserver: %s: is \"%s\", must be %s\n", name, ENVIRON[name], $3
        }
        /^_/ {
            count = split("GENERAL CREDENTIALS MAIL TOKEN VERIFY", zones, " ")
            for (i = 1; i <= count; i++) check("NGINX_" zones[i] $1)
            next
        }
        { check("NGINX_" $1) }'
}

# The certificate and its key come together, and must be readable for this user.
wrong_files() {
    for file in "$NGINX_TLS_CERTIFICATE" "$NGINX_TLS_KEY"; do
        if [ -e "$file" ] && [ ! -r "$file" ]; then
            echo "webserver: $file cannot be read by user $(id -u)"
        fi
    done
    if [ -e "$NGINX_TLS_CERTIFICATE" ] && [ ! -e "$NGINX_TLS_KEY" ]; then
        echo "webserver: NGINX_TLS_KEY: $NGINX_TLS_KEY is missing, though there is a certificate"
    elif [ ! -e "$NGINX_TLS_CERTIFICATE" ] && [ -e "$NGINX_TLS_KEY" ]; then
        echo "webserver: NGINX_TLS_CERTIFICATE: $NGINX_TLS_CERTIFICATE is missing, though there is a key"
    fi
}

wrong=$(wrong_settings; wrong_files)
if [ -n "$wrong" ]; then
    printf '%s\nwebserver: nothing was started\n' "$wrong" >&2
    exit 1
fi
mkdir -p "$NGINX_RUN_DIR" "$NGINX_ENVSUBST_OUTPUT_DIR"
# A socket that a killed process left behind would keep the next from listening.
rm -f "$NGINX_RUN_DIR/sample.sock"
