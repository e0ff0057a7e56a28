-- revision: b67d89135bd5
-- down_revision:
-- message: accounts, sessions, clients, keys
-- created: 2026-11-20T22:00:00Z
-- phase: expand
-- transaction: on
-- min_binary: b67d89135bd5

-- migrate:up postgres
CREATE TABLE accounts (
    id                     uuid PRIMARY KEY,
    email                  text NOT NULL,
    email_key              text NOT NULL CONSTRAINT accounts_email_key_unique UNIQUE,
    is_email_verified      boolean NOT NULL DEFAULT false,
    name                   text,
    locale                 text,
    password_hash          text,
    password_changed_at_ms bigint,
    status                 text NOT NULL DEFAULT 'active'
                           CONSTRAINT accounts_status_known CHECK (status IN ('active', 'locked', 'closing')),
    delete_after_ms        bigint,
    created_at_ms          bigint NOT NULL,
    updated_at_ms          bigint NOT NULL
);
COMMENT ON TABLE accounts IS 'People who can sign in';
COMMENT ON COLUMN accounts.email_key IS 'The one canonical spelling of the address: lower case, domain as A-labels';
COMMENT ON COLUMN accounts.delete_after_ms IS 'Set while closing: from then on the account is gone';

CREATE TABLE sessions (
    id                  uuid PRIMARY KEY,
    account_id          uuid NOT NULL CONSTRAINT sessions_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    client_id           text NOT NULL,
    scope               text NOT NULL,
    amr                 text NOT NULL,
    created_at_ms       bigint NOT NULL,
    authenticated_at_ms bigint NOT NULL,
    refreshed_at_ms     bigint NOT NULL,
    idle_expires_at_ms  bigint NOT NULL,
    expires_at_ms       bigint NOT NULL,
    refresh_counter     bigint NOT NULL,
    refresh_digest      bytea NOT NULL,
    client_address      text,
    user_agent          text,
    ended_at_ms         bigint,
    end_reason          text
);
CREATE INDEX sessions_account_id ON sessions (account_id, created_at_ms);
COMMENT ON TABLE sessions IS 'One row per sign-in; refresh tokens are derived from id and refresh_counter';

CREATE TABLE clients (
    id             text PRIMARY KEY,
    name           text NOT NULL,
    is_confidential boolean NOT NULL,
    secret_digest  bytea,
    grants         text NOT NULL,
    scopes         text NOT NULL,
    created_at_ms  bigint NOT NULL,
    disabled_at_ms bigint,
    CONSTRAINT clients_secret_when_confidential CHECK (is_confidential = (secret_digest IS NOT NULL))
);
COMMENT ON TABLE clients IS 'OAuth clients (RFC 6749 section 2)';

CREATE TABLE signing_keys (
    kid            text PRIMARY KEY,
    algorithm      text NOT NULL,
    sealed_key     bytea NOT NULL,
    created_at_ms  bigint NOT NULL,
    active_from_ms bigint NOT NULL,
    remove_at_ms   bigint
);
COMMENT ON TABLE signing_keys IS 'Private keys sealed under the server secret; the newest whose time has come signs';

CREATE TABLE throttles (
    throttle_key     bytea PRIMARY KEY,
    failures         bigint NOT NULL,
    blocked_until_ms bigint NOT NULL,
    updated_at_ms    bigint NOT NULL
);
COMMENT ON TABLE throttles IS 'Failed attempts by keyed hash of the canonical address, whether or not it has an account';

CREATE TABLE revoked_tokens (
    token_digest  bytea PRIMARY KEY,
    expires_at_ms bigint NOT NULL
);
COMMENT ON TABLE revoked_tokens IS 'Access tokens revoked one by one (RFC 7009), kept until they would have expired';

CREATE TABLE audit_events (
    id             uuid PRIMARY KEY,
    at_ms          bigint NOT NULL,
    type           text NOT NULL,
    account_id     uuid,
    session_id     uuid,
    client_id      text,
    client_address text,
    request_id     text,
    detail         text
);
CREATE INDEX audit_events_account_id ON audit_events (account_id, at_ms);
COMMENT ON TABLE audit_events IS 'Security events; only ever added to';

-- migrate:up sqlite
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

-- migrate:down all
DROP TABLE audit_events;
DROP TABLE revoked_tokens;
DROP TABLE throttles;
DROP TABLE signing_keys;
DROP TABLE clients;
DROP TABLE sessions;
DROP TABLE accounts;
