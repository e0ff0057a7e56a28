-- What is kept of one person, for that person to read: no hash, no sealed secret, no digest. The names of the columns are
-- the names of the members ("_ms" is cut off: times are written as text; "_json" is cut off: the text is JSON).
-- Lists that may be long come newest first, page by page.

-- name: personal_account
-- in: account_id uuid
-- out: id uuid, email text, email_verified bool, name text?, locale text?, status text, external_id text?, requires_mfa bool, claims_json text?, has_password bool, password_changed_at_ms int?, delete_after_ms int?, last_login_at_ms int?, created_at_ms int, updated_at_ms int
SELECT id, email, is_email_verified AS email_verified, name, locale, status, external_id, requires_mfa,
       claims AS claims_json, password_hash IS NOT NULL AS has_password, password_changed_at_ms, delete_after_ms,
       (SELECT MAX(s.created_at_ms) FROM sessions s WHERE s.account_id = accounts.id) AS last_login_at_ms,
       created_at_ms, updated_at_ms
FROM accounts WHERE id = $1

-- name: personal_sessions
-- in: account_id uuid, before uuid, count int
-- out: id uuid, client_id text, scope text, amr text, created_at_ms int, authenticated_at_ms int, refreshed_at_ms int, expires_at_ms int, ended_at_ms int?, end_reason text?, client_address text?, user_agent text?
SELECT id, client_id, scope, amr, created_at_ms, authenticated_at_ms, refreshed_at_ms, expires_at_ms, ended_at_ms,
       end_reason, client_address, user_agent
FROM sessions WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3

-- name: personal_factors
-- in: account_id uuid
-- out: id uuid, kind text, name text, created_at_ms int, confirmed_at_ms int?, last_used_at_ms int?
SELECT id, kind, name, created_at_ms, confirmed_at_ms, last_used_at_ms
FROM factors WHERE account_id = $1 ORDER BY id LIMIT 1000

-- name: personal_recovery_codes
-- in: account_id uuid
-- out: created_at_ms int, used_at_ms int?
SELECT created_at_ms, used_at_ms FROM recovery_codes WHERE account_id = $1 ORDER BY created_at_ms, code_digest LIMIT 1000

-- name: personal_devices
-- in: account_id uuid
-- out: first_seen_at_ms int, last_seen_at_ms int
SELECT first_seen_at_ms, last_seen_at_ms FROM known_devices WHERE account_id = $1
ORDER BY last_seen_at_ms DESC, device_digest LIMIT 1000

-- name: personal_roles
-- in: account_id uuid
-- out: role text, added_at_ms int
SELECT role, added_at_ms FROM account_roles WHERE account_id = $1 ORDER BY role LIMIT 1000

-- name: personal_groups
-- in: account_id uuid
-- out: id uuid, name text, added_at_ms int
SELECT g.id, g.name, m.added_at_ms FROM group_members m JOIN groups g ON g.id = m.group_id
WHERE m.account_id = $1 ORDER BY g.name LIMIT 1000

-- name: personal_api_keys
-- in: account_id uuid
-- out: id uuid, name text, hint text, scopes text, created_at_ms int, expires_at_ms int?, last_used_at_ms int?, revoked_at_ms int?
SELECT id, name, hint, scopes, created_at_ms, expires_at_ms, last_used_at_ms, revoked_at_ms
FROM api_keys WHERE account_id = $1 ORDER BY id LIMIT 1000

-- name: personal_invitations
-- in: account_id uuid
-- out: id uuid, email text, locale text?, created_at_ms int, expires_at_ms int, accepted_at_ms int?
SELECT id, email, locale, created_at_ms, expires_at_ms, accepted_at_ms
FROM invitations WHERE account_id = $1 ORDER BY id LIMIT 1000

-- name: personal_codes
-- in: account_id uuid, before uuid, count int
-- out: id uuid, purpose text, new_email text?, created_at_ms int, expires_at_ms int, used_at_ms int?
SELECT id, purpose, new_email, created_at_ms, expires_at_ms, used_at_ms
FROM one_time_codes WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3

-- name: personal_mails
-- in: account_id uuid, before uuid, count int
-- out: id uuid, kind text, recipient text, state text, created_at_ms int, finished_at_ms int?
SELECT id, kind, recipient, state, created_at_ms, finished_at_ms
FROM mail_outbox WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3

-- name: personal_events
-- in: account_id uuid, before uuid, count int
-- out: id uuid, at_ms int, type text, session_id uuid?, client_id text?, client_address text?, actor text?
SELECT id, at_ms, type, session_id, client_id, client_address, actor
FROM audit_events WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3

-- What no key of the account's leads to and still says whose it was. Events stay, with ids alone: the chain holds a keyed
-- hash of the address (address_digest), so that the address can go.
-- name: personal_forget_addresses
-- lane: write
-- in: account_id uuid
-- out:
UPDATE audit_events SET client_address = NULL WHERE account_id = $1 AND client_address IS NOT NULL

-- name: personal_forget_invitations
-- lane: write
-- in: email_key text
-- out:
DELETE FROM invitations WHERE email_key = $1
