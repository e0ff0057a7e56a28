-- The schema as it should be. `auth migrate check` holds a database against it, `auth migrate revision --autogenerate`
-- writes the revision that leads here. A renamed table or column is marked: -- @renamed from=old_name

CREATE TABLE accounts (
    id                     BLOB PRIMARY KEY NOT NULL,
    email                  TEXT NOT NULL,
    email_key              TEXT NOT NULL UNIQUE,
    is_email_verified      INTEGER NOT NULL DEFAULT 0,
    name                   TEXT,
    locale                 TEXT,
    password_hash          TEXT,
    password_changed_at_ms INTEGER,
    status                 TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'locked', 'closing')),
    delete_after_ms        INTEGER,
    created_at_ms          INTEGER NOT NULL,
    updated_at_ms          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id                  BLOB PRIMARY KEY NOT NULL,
    account_id          BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    client_id           TEXT NOT NULL,
    scope               TEXT NOT NULL,
    amr                 TEXT NOT NULL,
    created_at_ms       INTEGER NOT NULL,
    authenticated_at_ms INTEGER NOT NULL,
    refreshed_at_ms     INTEGER NOT NULL,
    idle_expires_at_ms  INTEGER NOT NULL,
    expires_at_ms       INTEGER NOT NULL,
    refresh_counter     INTEGER NOT NULL,
    refresh_digest      BLOB NOT NULL,
    client_address      TEXT,
    user_agent          TEXT,
    ended_at_ms         INTEGER,
    end_reason          TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_account_id ON sessions (account_id, created_at_ms);

CREATE TABLE clients (
    id              TEXT PRIMARY KEY NOT NULL,
    name            TEXT NOT NULL,
    is_confidential INTEGER NOT NULL,
    secret_digest   BLOB,
    grants          TEXT NOT NULL,
    scopes          TEXT NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    disabled_at_ms  INTEGER,
    CHECK (is_confidential = (secret_digest IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    kid            TEXT PRIMARY KEY NOT NULL,
    algorithm      TEXT NOT NULL,
    sealed_key     BLOB NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    active_from_ms INTEGER NOT NULL,
    remove_at_ms   INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE throttles (
    throttle_key     BLOB PRIMARY KEY NOT NULL,
    failures         INTEGER NOT NULL,
    blocked_until_ms INTEGER NOT NULL,
    updated_at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revoked_tokens (
    token_digest  BLOB PRIMARY KEY NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_events (
    id             BLOB PRIMARY KEY NOT NULL,
    at_ms          INTEGER NOT NULL,
    type           TEXT NOT NULL,
    account_id     BLOB,
    session_id     BLOB,
    client_id      TEXT,
    client_address TEXT,
    request_id     TEXT,
    detail         TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_events_account_id ON audit_events (account_id, at_ms);
