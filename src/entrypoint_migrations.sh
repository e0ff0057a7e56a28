#!/bin/bash
# SPDX-License-Identifier: MIT
# One command of the migrations, then the end; its exit status is that of `auth migrate` (auth migrate --help).
#
#   COMMAND             upgrade, downgrade, current or history; required
#   REVISION            head, base, an id or -1, +1, …; required for upgrade and downgrade
#   POSTGRES_HOST, POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD
#                       required; POSTGRES_PORT is 5432 unless given; each may be given as NAME_FILE, the file that
#                       holds it. Nothing here is guessed: the wrong database is not to be migrated
#   SQL_URI             in place of the five
#
# Further arguments go to `auth migrate COMMAND [REVISION]`.
set -euo pipefail

missing=()
wrong=()

is_given() {
    local name=$1 file=${1}_FILE
    [ -n "${!name:-}" ] || [ -n "${!file:-}" ]
}

require() {
    is_given "$1" || missing+=("$1: $2")
}

check_files() {
    local name file
    for name in SQL_URI POSTGRES_HOST POSTGRES_PORT POSTGRES_DB POSTGRES_USER POSTGRES_PASSWORD; do
        file=${name}_FILE
        if [ -n "${!name:-}" ] || [ -z "${!file:-}" ]; then continue; fi
        [ -r "${!file}" ] || wrong+=("$file: ${!file} cannot be read")
    done
}

require COMMAND "one of upgrade, downgrade, current, history"
case ${COMMAND:-} in
upgrade | downgrade) require REVISION "head, base, an id, or steps such as -1" ;;
current | history | "") ;;
*) wrong+=("COMMAND: is \"$COMMAND\", must be upgrade, downgrade, current or history") ;;
esac
if ! is_given SQL_URI && ! is_given MIGRATION_SQL_URI && ! is_given DATABASE_URL; then
    require POSTGRES_HOST "the database server"
    require POSTGRES_DB "the name of the database"
    require POSTGRES_USER "the role that may change the schema"
    require POSTGRES_PASSWORD "its password"
fi
check_files

if [ $((${#missing[@]} + ${#wrong[@]})) -gt 0 ]; then
    for line in "${missing[@]}"; do echo "entrypoint_migrations: missing $line" >&2; done
    for line in "${wrong[@]}"; do echo "entrypoint_migrations: wrong $line" >&2; done
    echo "entrypoint_migrations: nothing was started" >&2
    exit 2
fi

# The binary itself reads files of secrets and of URIs; names of places are read here.
for name in POSTGRES_HOST POSTGRES_PORT POSTGRES_DB POSTGRES_USER; do
    file=${name}_FILE
    if [ -z "${!name:-}" ] && [ -n "${!file:-}" ]; then export "$name=$(<"${!file}")"; fi
    unset "$file"
done

arguments=("$COMMAND")
case $COMMAND in
upgrade | downgrade) arguments+=("$REVISION") ;;
esac
exec auth migrate "${arguments[@]}" --wait 60 "$@"
