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
    updated_at_ms          INTEGER NOT NULL,
    external_id            TEXT,
    requires_mfa           INTEGER NOT NULL DEFAULT 0,
    claims                 TEXT,
    version                INTEGER NOT NULL DEFAULT 0,
    lock_reason            TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX accounts_external_id ON accounts (external_id);
CREATE INDEX accounts_closed ON accounts (delete_after_ms) WHERE delete_after_ms IS NOT NULL;

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
    end_reason          TEXT,
    assured_until_ms    INTEGER NOT NULL DEFAULT 0
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
    version         INTEGER NOT NULL DEFAULT 0,
    updated_at_ms   INTEGER NOT NULL DEFAULT 0,
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
    detail         TEXT,
    actor          TEXT,
    subject        TEXT,
    address_digest BLOB,
    seq            INTEGER,
    chain_hash     BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_events_account_seq ON audit_events (account_id, seq);
CREATE INDEX audit_events_addresses ON audit_events (at_ms) WHERE client_address IS NOT NULL;
CREATE INDEX audit_events_type_seq ON audit_events (type, seq);
CREATE UNIQUE INDEX audit_events_seq ON audit_events (seq);
CREATE INDEX audit_events_unchained ON audit_events (at_ms, id) WHERE seq IS NULL;

CREATE TABLE one_time_codes (
    id            BLOB PRIMARY KEY NOT NULL,
    purpose       TEXT NOT NULL,
    subject       BLOB NOT NULL,
    account_id    BLOB REFERENCES accounts (id) ON DELETE CASCADE,
    new_email     TEXT,
    session_id    BLOB,
    code_digest   BLOB NOT NULL,
    token_digest  BLOB NOT NULL UNIQUE,
    attempts      INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    used_at_ms    INTEGER,
    UNIQUE (subject, purpose),
    CHECK (purpose IN ('verify', 'login', 'reset', 'change'))
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_codes_account_id ON one_time_codes (account_id);
CREATE INDEX one_time_codes_expires_at_ms ON one_time_codes (expires_at_ms);

CREATE TABLE invitations (
    id             BLOB PRIMARY KEY NOT NULL,
    email          TEXT NOT NULL,
    email_key      TEXT NOT NULL,
    token_digest   BLOB NOT NULL UNIQUE,
    roles          TEXT NOT NULL,
    group_ids      TEXT NOT NULL,
    locale         TEXT,
    invited_by     TEXT NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    accepted_at_ms INTEGER,
    account_id     BLOB REFERENCES accounts (id) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_email_key ON invitations (email_key);
CREATE INDEX invitations_account_id ON invitations (account_id);

CREATE TABLE mail_outbox (
    id                 BLOB PRIMARY KEY NOT NULL,
    kind               TEXT NOT NULL,
    recipient          TEXT NOT NULL,
    sealed_content     BLOB,
    account_id         BLOB REFERENCES accounts (id) ON DELETE CASCADE,
    state              TEXT NOT NULL DEFAULT 'waiting',
    attempts           INTEGER NOT NULL DEFAULT 0,
    next_attempt_at_ms INTEGER NOT NULL,
    claimed_until_ms   INTEGER NOT NULL DEFAULT 0,
    created_at_ms      INTEGER NOT NULL,
    finished_at_ms     INTEGER,
    last_error         TEXT,
    CHECK (state IN ('waiting', 'sent', 'printed', 'failed'))
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_outbox_due ON mail_outbox (state, next_attempt_at_ms);
CREATE INDEX mail_outbox_account_id ON mail_outbox (account_id);

CREATE TABLE mail_limits (
    limit_key         BLOB PRIMARY KEY NOT NULL,
    taken             INTEGER NOT NULL,
    window_ends_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_limits_window_ends_at_ms ON mail_limits (window_ends_at_ms);

CREATE TABLE factors (
    id              BLOB PRIMARY KEY NOT NULL,
    account_id      BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL,
    name            TEXT NOT NULL,
    sealed_secret   BLOB NOT NULL,
    last_step       INTEGER NOT NULL DEFAULT 0,
    created_at_ms   INTEGER NOT NULL,
    confirmed_at_ms INTEGER,
    last_used_at_ms INTEGER,
    CHECK (kind IN ('totp'))
) STRICT, WITHOUT ROWID;
CREATE INDEX factors_account_id ON factors (account_id);

CREATE TABLE recovery_codes (
    account_id    BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    code_digest   BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    used_at_ms    INTEGER,
    PRIMARY KEY (account_id, code_digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE login_challenges (
    id                     BLOB PRIMARY KEY NOT NULL,
    account_id             BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_digest           BLOB NOT NULL UNIQUE,
    amr                    TEXT NOT NULL,
    password_changed_at_ms INTEGER,
    attempts               INTEGER NOT NULL DEFAULT 0,
    client_address         TEXT,
    user_agent             TEXT,
    device_digest          BLOB,
    is_enrolment           INTEGER NOT NULL DEFAULT 0,
    enrolments             INTEGER NOT NULL DEFAULT 0,
    factor_id              BLOB,
    created_at_ms          INTEGER NOT NULL,
    expires_at_ms          INTEGER NOT NULL,
    used_at_ms             INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX login_challenges_account_id ON login_challenges (account_id);
CREATE INDEX login_challenges_expires_at_ms ON login_challenges (expires_at_ms);

CREATE TABLE known_devices (
    account_id       BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device_digest    BLOB NOT NULL,
    first_seen_at_ms INTEGER NOT NULL,
    last_seen_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (account_id, device_digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE roles (
    name          TEXT PRIMARY KEY NOT NULL,
    description   TEXT,
    scopes        TEXT NOT NULL,
    version       INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE groups (
    id            BLOB PRIMARY KEY NOT NULL,
    name          TEXT NOT NULL UNIQUE,
    description   TEXT,
    version       INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE group_members (
    group_id    BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    account_id  BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    added_at_ms INTEGER NOT NULL,
    PRIMARY KEY (group_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_account_id ON group_members (account_id);

CREATE TABLE group_roles (
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    role     TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    PRIMARY KEY (group_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_roles_role ON group_roles (role);

CREATE TABLE account_roles (
    account_id  BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role        TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    added_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_roles_role ON account_roles (role);

CREATE TABLE rights_generation (
    id         INTEGER PRIMARY KEY NOT NULL,
    generation INTEGER NOT NULL,
    CHECK (id = 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id              BLOB PRIMARY KEY NOT NULL,
    account_id      BLOB REFERENCES accounts (id) ON DELETE CASCADE,
    client_id       TEXT REFERENCES clients (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    hint            TEXT NOT NULL,
    key_digest      BLOB NOT NULL UNIQUE,
    scopes          TEXT NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    expires_at_ms   INTEGER,
    last_used_at_ms INTEGER,
    revoked_at_ms   INTEGER,
    CHECK ((account_id IS NULL) <> (client_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_account_id ON api_keys (account_id);
CREATE INDEX api_keys_client_id ON api_keys (client_id);
CREATE INDEX api_keys_ended ON api_keys ((COALESCE(revoked_at_ms, expires_at_ms)));

CREATE TABLE webhooks (
    id                     BLOB PRIMARY KEY NOT NULL,
    name                   TEXT NOT NULL,
    url                    TEXT NOT NULL,
    events                 TEXT NOT NULL,
    sealed_secret          BLOB NOT NULL,
    previous_sealed_secret BLOB,
    previous_until_ms      INTEGER,
    is_enabled             INTEGER NOT NULL DEFAULT 1,
    disabled_reason        TEXT,
    failing_since_ms       INTEGER,
    failures               INTEGER NOT NULL DEFAULT 0,
    paused_until_ms        INTEGER NOT NULL DEFAULT 0,
    claimed_until_ms       INTEGER NOT NULL DEFAULT 0,
    version                INTEGER NOT NULL DEFAULT 0,
    created_at_ms          INTEGER NOT NULL,
    updated_at_ms          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
    webhook_id         BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id           BLOB NOT NULL,
    event_seq          INTEGER NOT NULL,
    event_type         TEXT NOT NULL,
    state              TEXT NOT NULL DEFAULT 'waiting',
    attempts           INTEGER NOT NULL DEFAULT 0,
    next_attempt_at_ms INTEGER NOT NULL,
    claimed_until_ms   INTEGER NOT NULL DEFAULT 0,
    created_at_ms      INTEGER NOT NULL,
    finished_at_ms     INTEGER,
    last_status        INTEGER,
    last_duration_ms   INTEGER,
    last_error         TEXT,
    PRIMARY KEY (webhook_id, event_id),
    CHECK (state IN ('waiting', 'delivered', 'failed'))
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, state, next_attempt_at_ms, event_seq);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (webhook_id, state, event_id);
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created_at_ms);

CREATE TABLE audit_chain (
    id        INTEGER PRIMARY KEY NOT NULL,
    last_seq  INTEGER NOT NULL,
    last_hash BLOB NOT NULL,
    last_tag  BLOB,
    CHECK (id = 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_checkpoints (
    seq        INTEGER PRIMARY KEY NOT NULL,
    chain_hash BLOB NOT NULL,
    at_ms      INTEGER NOT NULL,
    signature  TEXT NOT NULL,
    public_key TEXT NOT NULL,
    key_tag    BLOB NOT NULL,
    is_start   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_events_update BEFORE UPDATE ON audit_events
WHEN NEW.id IS NOT OLD.id OR NEW.at_ms IS NOT OLD.at_ms OR NEW.type IS NOT OLD.type OR NEW.account_id IS NOT OLD.account_id
  OR NEW.session_id IS NOT OLD.session_id OR NEW.client_id IS NOT OLD.client_id OR NEW.request_id IS NOT OLD.request_id
  OR NEW.detail IS NOT OLD.detail OR NEW.actor IS NOT OLD.actor OR NEW.subject IS NOT OLD.subject
  OR NEW.address_digest IS NOT OLD.address_digest
  OR (NEW.client_address IS NOT NULL AND NEW.client_address IS NOT OLD.client_address)
  OR (OLD.seq IS NOT NULL AND (NEW.seq IS NOT OLD.seq OR NEW.chain_hash IS NOT OLD.chain_hash))
BEGIN SELECT RAISE(ABORT, 'security events are only ever added to'); END;
CREATE TRIGGER audit_events_delete BEFORE DELETE ON audit_events
WHEN NOT EXISTS (SELECT 1 FROM audit_checkpoints AS c WHERE c.is_start = 1 AND c.seq >= OLD.seq)
BEGIN SELECT RAISE(ABORT, 'security events are only ever added to'); END;
CREATE TRIGGER audit_checkpoints_update BEFORE UPDATE ON audit_checkpoints
WHEN NEW.is_start = 0 OR NEW.seq IS NOT OLD.seq OR NEW.chain_hash IS NOT OLD.chain_hash OR NEW.at_ms IS NOT OLD.at_ms
  OR NEW.signature IS NOT OLD.signature OR NEW.public_key IS NOT OLD.public_key OR NEW.key_tag IS NOT OLD.key_tag
BEGIN SELECT RAISE(ABORT, 'checkpoints of security events are only ever added to'); END;
CREATE TRIGGER audit_checkpoints_delete BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints of security events are only ever added to'); END;

CREATE TABLE job_leases (
    name          TEXT PRIMARY KEY NOT NULL,
    holder        BLOB NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE client_secrets (
    client_id     TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    secret_digest BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (client_id, secret_digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    key_digest     BLOB PRIMARY KEY NOT NULL,
    request_digest BLOB NOT NULL,
    status         INTEGER,
    sealed_answer  BLOB,
    created_at_ms  INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_expires_at_ms ON idempotency_keys (expires_at_ms);
