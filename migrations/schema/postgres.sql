-- The schema as it should be. `auth migrate check` holds a database against it, `auth migrate revision --autogenerate`
-- writes the revision that leads here. A renamed table or column is marked: -- @renamed from=old_name

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
