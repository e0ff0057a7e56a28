#!/bin/sh
# SPDX-License-Identifier: MIT
# After the templates are filled in: what depends on the machine and on mounted files.
set -eu
cd "$NGINX_ENVSUBST_OUTPUT_DIR"

# Where the system has no IPv6, nginx would not start on an IPv6 address.
# listeners ADDRESSES [PARAMETERS]
listeners() {
    for address in $1; do
        case $address in
        \[*) [ -e /proc/net/if_inet6 ] || continue ;;
        esac
        echo "listen $address${2-};"
    done
}

# OWASP ASVS 4.1.2: an API does not redirect from http to https, or nobody would notice that credentials travel in the
# clear; it refuses.
refuse_plain() {
    echo "server {"
    listeners "$NGINX_LISTEN"
    echo "    server_name _;"
    echo "    include problems_server.conf;"
    echo "    location / {"
    echo "        return 426;"
    echo "    }"
    echo "}"
}

if [ -e "$NGINX_TLS_CERTIFICATE" ]; then
    {
        listeners "$NGINX_TLS_LISTEN" " ssl http2"
        echo "include tls.conf;"
    } >listen.conf
    refuse_plain >plain_server.conf
    echo "webserver: serves https on $NGINX_TLS_LISTEN, refuses http on $NGINX_LISTEN"
else
    listeners "$NGINX_LISTEN" >listen.conf
    : >plain_server.conf
    echo "webserver: serves http on $NGINX_LISTEN; no certificate at $NGINX_TLS_CERTIFICATE"
fi

# The address of a client behind these is what they say in X-Forwarded-For, read from the right up to the first one that
# is not on the list.
: >trusted_proxies.conf
for proxy in $NGINX_TRUSTED_PROXIES; do
    echo "set_real_ip_from $proxy;" >>trusted_proxies.conf
done
if [ -s trusted_proxies.conf ]; then
    echo "real_ip_header X-Forwarded-For;" >>trusted_proxies.conf
    echo "real_ip_recursive on;" >>trusted_proxies.conf
fi

resolver=${NGINX_RESOLVER:-$(awk '$1 == "nameserver" { print ($2 ~ /:/ ? "[" $2 "]" : $2); exit }' /etc/resolv.conf)}
if [ -n "$resolver" ]; then
    printf 'resolver %s valid=1s;\nresolver_timeout 2s;\n' "$resolver" >resolver.conf
else
    : >resolver.conf
fi
