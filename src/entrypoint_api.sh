#!/bin/bash
# SPDX-License-Identifier: MIT
# Brings the schema up to date, then serves. Arguments go to `auth serve`.
#
# Both are one process: the server answers /livez while it migrates and /readyz 503 with the reason, waits for the
# database, and lets one replica of many do the work. MIGRATE_ON_START=check or off leaves migrations to
# entrypoint_migrations.sh.
set -euo pipefail

# ENTRYPOINT_MAKES_SECRET_KEY=on, for a developer's machine: the first of the replicas that share the folder of
# AUTH_SECRET_KEY_FILE makes the key. In production the key is given, and a missing one refuses to start.
make_secret_key() {
    local file=$1 draft
    [ ! -e "$file" ] || return 0
    draft=$(mktemp "$file.XXXXXX")
    head -c 32 /dev/urandom | base64 >"$draft"
    # A link is made whole or not at all, and never over a file that another replica has just made.
    ln "$draft" "$file" 2>/dev/null || true
    rm -f "$draft"
    echo "entrypoint_api: the server secret is in $file; keep a copy of it with the database" >&2
}

if [ "${ENTRYPOINT_MAKES_SECRET_KEY:-off}" = on ] && [ -n "${AUTH_SECRET_KEY_FILE:-}" ] && [ -z "${AUTH_SECRET_KEY:-}" ]; then
    make_secret_key "$AUTH_SECRET_KEY_FILE"
fi
exec auth serve "$@"
