-- revision: 4c1f0e7a92d3
-- down_revision: b67d89135bd5
-- message: mail, codes, factors, roles, keys, webhooks, the audit chain
-- created: 2026-11-28T04:20:00Z
-- phase: expand
-- transaction: on
-- min_binary: b67d89135bd5
-- lint:allow key-build no release has come before this revision: the tables it touches are small
-- lint:allow blocking-index no release has come before this revision: the table it touches is small

-- migrate:up postgres
ALTER TABLE accounts
    ADD COLUMN external_id text,
    ADD COLUMN requires_mfa boolean NOT NULL DEFAULT false,
    ADD COLUMN claims text,
    ADD COLUMN version bigint NOT NULL DEFAULT 0,
    ADD COLUMN lock_reason text;
ALTER TABLE accounts ADD CONSTRAINT accounts_external_id_unique UNIQUE (external_id);
CREATE INDEX accounts_closed ON accounts (delete_after_ms) WHERE delete_after_ms IS NOT NULL;
COMMENT ON COLUMN accounts.external_id IS 'Where it was imported from, and under which name';
COMMENT ON COLUMN accounts.claims IS 'A JSON object whose members go into its access tokens';
COMMENT ON COLUMN accounts.version IS 'Grows with each change: its entity tag';
ALTER TABLE sessions ADD COLUMN assured_until_ms bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN sessions.assured_until_ms IS 'Until then it counts as begun with two factors; 0: it does not';
ALTER TABLE clients
    ADD COLUMN version bigint NOT NULL DEFAULT 0,
    ADD COLUMN updated_at_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE audit_events
    ADD COLUMN actor text,
    ADD COLUMN subject text,
    ADD COLUMN address_digest bytea,
    ADD COLUMN seq bigint,
    ADD COLUMN chain_hash bytea;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_seq_unique UNIQUE (seq);
CREATE INDEX audit_events_unchained ON audit_events (at_ms, id) WHERE seq IS NULL;
CREATE INDEX audit_events_account_seq ON audit_events (account_id, seq);
CREATE INDEX audit_events_type_seq ON audit_events (type, seq);
CREATE INDEX audit_events_addresses ON audit_events (at_ms) WHERE client_address IS NOT NULL;
DROP INDEX audit_events_account_id;
COMMENT ON COLUMN audit_events.actor IS 'Who did it, when not the account itself: account:, client:, key: and its id, or command';
COMMENT ON COLUMN audit_events.subject IS 'What it was done to, when not an account';
COMMENT ON COLUMN audit_events.address_digest IS 'Stands for client_address in the chain, so that the address can be forgotten';
COMMENT ON COLUMN audit_events.seq IS 'Place in the chain; none until it has been chained';

CREATE TABLE one_time_codes (
    id            uuid PRIMARY KEY,
    purpose       text NOT NULL,
    subject       bytea NOT NULL,
    account_id    uuid CONSTRAINT one_time_codes_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    new_email     text,
    session_id    uuid,
    code_digest   bytea NOT NULL,
    token_digest  bytea NOT NULL CONSTRAINT one_time_codes_token_digest_unique UNIQUE,
    attempts      bigint NOT NULL DEFAULT 0,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL,
    used_at_ms    bigint,
    CONSTRAINT one_time_codes_subject_unique UNIQUE (subject, purpose),
    CONSTRAINT one_time_codes_purpose_known CHECK (purpose IN ('verify', 'login', 'reset', 'change'))
);
CREATE INDEX one_time_codes_account_id ON one_time_codes (account_id);
CREATE INDEX one_time_codes_expires_at_ms ON one_time_codes (expires_at_ms);
COMMENT ON TABLE one_time_codes IS 'Codes and links sent by mail: for one purpose, used once';
COMMENT ON COLUMN one_time_codes.subject IS 'Stands for the address it was sent to, or for the account whose address is to change';
COMMENT ON COLUMN one_time_codes.session_id IS 'The session that goes on when the address has changed';

CREATE TABLE invitations (
    id             uuid PRIMARY KEY,
    email          text NOT NULL,
    email_key      text NOT NULL,
    token_digest   bytea NOT NULL CONSTRAINT invitations_token_digest_unique UNIQUE,
    roles          text NOT NULL,
    group_ids      text NOT NULL,
    locale         text,
    invited_by     text NOT NULL,
    created_at_ms  bigint NOT NULL,
    expires_at_ms  bigint NOT NULL,
    accepted_at_ms bigint,
    account_id     uuid CONSTRAINT invitations_account_id_fk REFERENCES accounts (id) ON DELETE SET NULL
);
CREATE INDEX invitations_email_key ON invitations (email_key);
CREATE INDEX invitations_account_id ON invitations (account_id);
COMMENT ON TABLE invitations IS 'People asked to make an account';

CREATE TABLE mail_outbox (
    id                 uuid PRIMARY KEY,
    kind               text NOT NULL,
    recipient          text NOT NULL,
    sealed_content     bytea,
    account_id         uuid CONSTRAINT mail_outbox_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    state              text NOT NULL DEFAULT 'waiting',
    attempts           bigint NOT NULL DEFAULT 0,
    next_attempt_at_ms bigint NOT NULL,
    claimed_until_ms   bigint NOT NULL DEFAULT 0,
    created_at_ms      bigint NOT NULL,
    finished_at_ms     bigint,
    last_error         text,
    CONSTRAINT mail_outbox_state_known CHECK (state IN ('waiting', 'sent', 'printed', 'failed'))
);
CREATE INDEX mail_outbox_due ON mail_outbox (state, next_attempt_at_ms);
CREATE INDEX mail_outbox_account_id ON mail_outbox (account_id);
COMMENT ON TABLE mail_outbox IS 'Mail that is to be sent: written with what it tells of, sent by a background worker';

CREATE TABLE mail_limits (
    limit_key         bytea PRIMARY KEY,
    taken             bigint NOT NULL,
    window_ends_at_ms bigint NOT NULL
);
CREATE INDEX mail_limits_window_ends_at_ms ON mail_limits (window_ends_at_ms);
COMMENT ON TABLE mail_limits IS 'How much mail an address or an account got within an hour';

CREATE TABLE factors (
    id              uuid PRIMARY KEY,
    account_id      uuid NOT NULL CONSTRAINT factors_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    kind            text NOT NULL,
    name            text NOT NULL,
    sealed_secret   bytea NOT NULL,
    last_step       bigint NOT NULL DEFAULT 0,
    created_at_ms   bigint NOT NULL,
    confirmed_at_ms bigint,
    last_used_at_ms bigint,
    CONSTRAINT factors_kind_known CHECK (kind IN ('totp'))
);
CREATE INDEX factors_account_id ON factors (account_id);
COMMENT ON TABLE factors IS 'Second factors';

CREATE TABLE recovery_codes (
    account_id    uuid NOT NULL CONSTRAINT recovery_codes_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    code_digest   bytea NOT NULL,
    created_at_ms bigint NOT NULL,
    used_at_ms    bigint,
    PRIMARY KEY (account_id, code_digest)
);
COMMENT ON TABLE recovery_codes IS 'Codes that stand in for a lost second factor, each used once';

CREATE TABLE login_challenges (
    id                     uuid PRIMARY KEY,
    account_id             uuid NOT NULL CONSTRAINT login_challenges_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    token_digest           bytea NOT NULL CONSTRAINT login_challenges_token_digest_unique UNIQUE,
    amr                    text NOT NULL,
    password_changed_at_ms bigint,
    attempts               bigint NOT NULL DEFAULT 0,
    client_address         text,
    user_agent             text,
    device_digest          bytea,
    is_enrolment           boolean NOT NULL DEFAULT false,
    enrolments             bigint NOT NULL DEFAULT 0,
    factor_id              uuid,
    created_at_ms          bigint NOT NULL,
    expires_at_ms          bigint NOT NULL,
    used_at_ms             bigint
);
CREATE INDEX login_challenges_account_id ON login_challenges (account_id);
CREATE INDEX login_challenges_expires_at_ms ON login_challenges (expires_at_ms);
COMMENT ON TABLE login_challenges IS 'Sign-ins that wait for a second factor';

CREATE TABLE known_devices (
    account_id       uuid NOT NULL CONSTRAINT known_devices_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    device_digest    bytea NOT NULL,
    first_seen_at_ms bigint NOT NULL,
    last_seen_at_ms  bigint NOT NULL,
    PRIMARY KEY (account_id, device_digest)
);
COMMENT ON TABLE known_devices IS 'Devices an account has been signed in to from';

CREATE TABLE roles (
    name          text PRIMARY KEY,
    description   text,
    scopes        text NOT NULL,
    version       bigint NOT NULL DEFAULT 0,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL
);
COMMENT ON TABLE roles IS 'Named sets of scopes that people are given';

CREATE TABLE groups (
    id            uuid PRIMARY KEY,
    name          text NOT NULL CONSTRAINT groups_name_unique UNIQUE,
    description   text,
    version       bigint NOT NULL DEFAULT 0,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL
);
COMMENT ON TABLE groups IS 'Groups of people; what a group has, its members have';

CREATE TABLE group_members (
    group_id    uuid NOT NULL CONSTRAINT group_members_group_id_fk REFERENCES groups (id) ON DELETE CASCADE,
    account_id  uuid NOT NULL CONSTRAINT group_members_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    added_at_ms bigint NOT NULL,
    PRIMARY KEY (group_id, account_id)
);
CREATE INDEX group_members_account_id ON group_members (account_id);
COMMENT ON TABLE group_members IS 'Who belongs to which group';

CREATE TABLE group_roles (
    group_id uuid NOT NULL CONSTRAINT group_roles_group_id_fk REFERENCES groups (id) ON DELETE CASCADE,
    role     text NOT NULL CONSTRAINT group_roles_role_fk REFERENCES roles (name) ON DELETE CASCADE,
    PRIMARY KEY (group_id, role)
);
CREATE INDEX group_roles_role ON group_roles (role);
COMMENT ON TABLE group_roles IS 'The roles the members of a group have';

CREATE TABLE account_roles (
    account_id  uuid NOT NULL CONSTRAINT account_roles_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    role        text NOT NULL CONSTRAINT account_roles_role_fk REFERENCES roles (name) ON DELETE CASCADE,
    added_at_ms bigint NOT NULL,
    PRIMARY KEY (account_id, role)
);
CREATE INDEX account_roles_role ON account_roles (role);
COMMENT ON TABLE account_roles IS 'The roles given to one account';

CREATE TABLE rights_generation (
    id         bigint PRIMARY KEY,
    generation bigint NOT NULL,
    CONSTRAINT rights_generation_one_row CHECK (id = 1)
);
COMMENT ON TABLE rights_generation IS 'Grows when a role or a group changes for all who have it; one row, none before the first change';

CREATE TABLE api_keys (
    id              uuid PRIMARY KEY,
    account_id      uuid CONSTRAINT api_keys_account_id_fk REFERENCES accounts (id) ON DELETE CASCADE,
    client_id       text CONSTRAINT api_keys_client_id_fk REFERENCES clients (id) ON DELETE CASCADE,
    name            text NOT NULL,
    hint            text NOT NULL,
    key_digest      bytea NOT NULL CONSTRAINT api_keys_key_digest_unique UNIQUE,
    scopes          text NOT NULL,
    created_at_ms   bigint NOT NULL,
    expires_at_ms   bigint,
    last_used_at_ms bigint,
    revoked_at_ms   bigint,
    CONSTRAINT api_keys_one_owner CHECK ((account_id IS NULL) <> (client_id IS NULL))
);
CREATE INDEX api_keys_account_id ON api_keys (account_id);
CREATE INDEX api_keys_client_id ON api_keys (client_id);
CREATE INDEX api_keys_ended ON api_keys ((COALESCE(revoked_at_ms, expires_at_ms)));
COMMENT ON TABLE api_keys IS 'API keys of people and of clients, known by their digest';

CREATE TABLE webhooks (
    id                     uuid PRIMARY KEY,
    name                   text NOT NULL,
    url                    text NOT NULL,
    events                 text NOT NULL,
    sealed_secret          bytea NOT NULL,
    previous_sealed_secret bytea,
    previous_until_ms      bigint,
    is_enabled             boolean NOT NULL DEFAULT true,
    disabled_reason        text,
    failing_since_ms       bigint,
    failures               bigint NOT NULL DEFAULT 0,
    paused_until_ms        bigint NOT NULL DEFAULT 0,
    claimed_until_ms       bigint NOT NULL DEFAULT 0,
    version                bigint NOT NULL DEFAULT 0,
    created_at_ms          bigint NOT NULL,
    updated_at_ms          bigint NOT NULL
);
COMMENT ON TABLE webhooks IS 'Where security events are sent to';

CREATE TABLE webhook_deliveries (
    webhook_id         uuid NOT NULL CONSTRAINT webhook_deliveries_webhook_id_fk REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id           uuid NOT NULL,
    event_seq          bigint NOT NULL,
    event_type         text NOT NULL,
    state              text NOT NULL DEFAULT 'waiting',
    attempts           bigint NOT NULL DEFAULT 0,
    next_attempt_at_ms bigint NOT NULL,
    claimed_until_ms   bigint NOT NULL DEFAULT 0,
    created_at_ms      bigint NOT NULL,
    finished_at_ms     bigint,
    last_status        bigint,
    last_duration_ms   bigint,
    last_error         text,
    PRIMARY KEY (webhook_id, event_id),
    CONSTRAINT webhook_deliveries_state_known CHECK (state IN ('waiting', 'delivered', 'failed'))
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, state, next_attempt_at_ms, event_seq);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (webhook_id, state, event_id);
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created_at_ms);
COMMENT ON TABLE webhook_deliveries IS 'Each event for each webhook, and how its delivery went';

CREATE TABLE audit_chain (
    id        bigint PRIMARY KEY,
    last_seq  bigint NOT NULL,
    last_hash bytea NOT NULL,
    last_tag  bytea,
    CONSTRAINT audit_chain_one_row CHECK (id = 1)
);
COMMENT ON TABLE audit_chain IS 'The end of the chain of security events; one row';
COMMENT ON COLUMN audit_chain.last_tag IS 'A tag of the end under a key the database does not know';
INSERT INTO audit_chain (id, last_seq, last_hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE audit_checkpoints (
    seq        bigint PRIMARY KEY,
    chain_hash bytea NOT NULL,
    at_ms      bigint NOT NULL,
    signature  text NOT NULL,
    public_key text NOT NULL,
    key_tag    bytea NOT NULL,
    is_start   boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE audit_checkpoints IS 'Signed statements of where the chain of security events stood';
COMMENT ON COLUMN audit_checkpoints.key_tag IS 'Says that the key was ours, also when it has been retired: a tag under a key the database does not know';
COMMENT ON COLUMN audit_checkpoints.is_start IS 'Events up to this one may have been erased';

CREATE FUNCTION audit_events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF EXISTS (SELECT 1 FROM audit_checkpoints AS c WHERE c.is_start AND c.seq >= OLD.seq) THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.at_ms, NEW.type, NEW.account_id, NEW.session_id, NEW.client_id, NEW.request_id, NEW.detail, NEW.actor,
            NEW.subject, NEW.address_digest)
           IS NOT DISTINCT FROM
           (OLD.id, OLD.at_ms, OLD.type, OLD.account_id, OLD.session_id, OLD.client_id, OLD.request_id, OLD.detail, OLD.actor,
            OLD.subject, OLD.address_digest)
           AND (NEW.client_address IS NULL OR NEW.client_address IS NOT DISTINCT FROM OLD.client_address)
           AND (OLD.seq IS NULL OR (NEW.seq = OLD.seq AND NEW.chain_hash = OLD.chain_hash)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'security events are only ever added to' USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER audit_events_guard BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_events_guard();
CREATE TRIGGER audit_events_keep BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION audit_events_guard();

CREATE FUNCTION audit_checkpoints_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.is_start AND (NEW.seq, NEW.chain_hash, NEW.at_ms, NEW.signature, NEW.public_key, NEW.key_tag)
           IS NOT DISTINCT FROM (OLD.seq, OLD.chain_hash, OLD.at_ms, OLD.signature, OLD.public_key, OLD.key_tag) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'checkpoints of security events are only ever added to' USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER audit_checkpoints_guard BEFORE UPDATE OR DELETE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_checkpoints_guard();

CREATE TABLE job_leases (
    name          text PRIMARY KEY,
    holder        uuid NOT NULL,
    expires_at_ms bigint NOT NULL
);
COMMENT ON TABLE job_leases IS 'Which replica does a piece of background work, and until when';

CREATE TABLE client_secrets (
    client_id     text NOT NULL CONSTRAINT client_secrets_client_id_fk REFERENCES clients (id) ON DELETE CASCADE,
    secret_digest bytea NOT NULL,
    created_at_ms bigint NOT NULL,
    PRIMARY KEY (client_id, secret_digest)
);
COMMENT ON TABLE client_secrets IS 'Secrets of confidential clients, any of which is good; clients.secret_digest is one more or one of them';

CREATE TABLE idempotency_keys (
    key_digest     bytea PRIMARY KEY,
    request_digest bytea NOT NULL,
    status         bigint,
    sealed_answer  bytea,
    created_at_ms  bigint NOT NULL,
    expires_at_ms  bigint NOT NULL
);
CREATE INDEX idempotency_keys_expires_at_ms ON idempotency_keys (expires_at_ms);
COMMENT ON TABLE idempotency_keys IS 'Answers kept for requests that are sent again';

-- migrate:up sqlite
ALTER TABLE accounts ADD COLUMN external_id TEXT;
ALTER TABLE accounts ADD COLUMN requires_mfa INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN claims TEXT;
ALTER TABLE accounts ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN lock_reason TEXT;
CREATE UNIQUE INDEX accounts_external_id ON accounts (external_id);
CREATE INDEX accounts_closed ON accounts (delete_after_ms) WHERE delete_after_ms IS NOT NULL;
ALTER TABLE sessions ADD COLUMN assured_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN updated_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit_events ADD COLUMN actor TEXT;
ALTER TABLE audit_events ADD COLUMN subject TEXT;
ALTER TABLE audit_events ADD COLUMN address_digest BLOB;
ALTER TABLE audit_events ADD COLUMN seq INTEGER;
ALTER TABLE audit_events ADD COLUMN chain_hash BLOB;
CREATE UNIQUE INDEX audit_events_seq ON audit_events (seq);
CREATE INDEX audit_events_unchained ON audit_events (at_ms, id) WHERE seq IS NULL;
CREATE INDEX audit_events_account_seq ON audit_events (account_id, seq);
CREATE INDEX audit_events_type_seq ON audit_events (type, seq);
CREATE INDEX audit_events_addresses ON audit_events (at_ms) WHERE client_address IS NOT NULL;
DROP INDEX audit_events_account_id;

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
INSERT INTO audit_chain (id, last_seq, last_hash) VALUES (1, 0, zeroblob(32));

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

-- migrate:down postgres
DROP TABLE idempotency_keys;
DROP TABLE client_secrets;
DROP TABLE job_leases;
DROP TRIGGER audit_events_guard ON audit_events;
DROP TRIGGER audit_events_keep ON audit_events;
DROP FUNCTION audit_events_guard();
DROP TABLE audit_checkpoints;
DROP FUNCTION audit_checkpoints_guard();
DROP TABLE audit_chain;
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
DROP TABLE api_keys;
DROP TABLE rights_generation;
DROP TABLE account_roles;
DROP TABLE group_roles;
DROP TABLE group_members;
DROP TABLE groups;
DROP TABLE roles;
DROP TABLE known_devices;
DROP TABLE login_challenges;
DROP TABLE recovery_codes;
DROP TABLE factors;
DROP TABLE mail_limits;
DROP TABLE mail_outbox;
DROP TABLE invitations;
DROP TABLE one_time_codes;
CREATE INDEX audit_events_account_id ON audit_events (account_id, at_ms);
DROP INDEX audit_events_addresses;
DROP INDEX audit_events_type_seq;
DROP INDEX audit_events_account_seq;
DROP INDEX audit_events_unchained;
ALTER TABLE audit_events DROP COLUMN actor, DROP COLUMN subject, DROP COLUMN address_digest, DROP COLUMN seq, DROP COLUMN chain_hash;
ALTER TABLE clients DROP COLUMN version, DROP COLUMN updated_at_ms;
ALTER TABLE sessions DROP COLUMN assured_until_ms;
DROP INDEX accounts_closed;
ALTER TABLE accounts DROP COLUMN external_id, DROP COLUMN requires_mfa, DROP COLUMN claims, DROP COLUMN version, DROP COLUMN lock_reason;

-- migrate:down sqlite
DROP TABLE idempotency_keys;
DROP TABLE client_secrets;
DROP TABLE job_leases;
DROP TRIGGER audit_events_delete;
DROP TRIGGER audit_events_update;
DROP TABLE audit_checkpoints;
DROP TABLE audit_chain;
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
DROP TABLE api_keys;
DROP TABLE rights_generation;
DROP TABLE account_roles;
DROP TABLE group_roles;
DROP TABLE group_members;
DROP TABLE groups;
DROP TABLE roles;
DROP TABLE known_devices;
DROP TABLE login_challenges;
DROP TABLE recovery_codes;
DROP TABLE factors;
DROP TABLE mail_limits;
DROP TABLE mail_outbox;
DROP TABLE invitations;
DROP TABLE one_time_codes;
CREATE INDEX audit_events_account_id ON audit_events (account_id, at_ms);
DROP INDEX audit_events_addresses;
DROP INDEX audit_events_type_seq;
DROP INDEX audit_events_account_seq;
DROP INDEX audit_events_unchained;
DROP INDEX audit_events_seq;
DROP INDEX accounts_closed;
DROP INDEX accounts_external_id;
ALTER TABLE audit_events DROP COLUMN actor;
ALTER TABLE audit_events DROP COLUMN subject;
ALTER TABLE audit_events DROP COLUMN address_digest;
ALTER TABLE audit_events DROP COLUMN seq;
ALTER TABLE audit_events DROP COLUMN chain_hash;
ALTER TABLE clients DROP COLUMN version;
ALTER TABLE clients DROP COLUMN updated_at_ms;
ALTER TABLE sessions DROP COLUMN assured_until_ms;
ALTER TABLE accounts DROP COLUMN external_id;
ALTER TABLE accounts DROP COLUMN requires_mfa;
ALTER TABLE accounts DROP COLUMN claims;
ALTER TABLE accounts DROP COLUMN version;
ALTER TABLE accounts DROP COLUMN lock_reason;
