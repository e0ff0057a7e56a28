-- OAuth clients. clients.secret_digest is one of the client's secrets, where the version before this one looks for it.

-- name: client_insert
-- lane: write
-- in: id text, name text, is_confidential bool, secret_digest bytes?, grants text, scopes text, now int
-- out: id text
INSERT INTO clients (id, name, is_confidential, secret_digest, grants, scopes, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- A row for each of its secrets.
-- name: client_by_id
-- in: id text
-- out: id text, name text, is_confidential bool, secret_digest bytes?, grants text, scopes text, created_at_ms int, updated_at_ms int, disabled_at_ms int?, version int, live_digest bytes?, live_since_ms int?
SELECT c.id, c.name, c.is_confidential, c.secret_digest, c.grants, c.scopes, c.created_at_ms, c.updated_at_ms, c.disabled_at_ms, c.version,
       s.secret_digest AS live_digest, s.created_at_ms AS live_since_ms
FROM clients c LEFT JOIN client_secrets s ON s.client_id = c.id
WHERE c.id = $1 ORDER BY s.created_at_ms, s.secret_digest LIMIT 16

-- name: client_page
-- in: after text, count int
-- out: id text, name text, is_confidential bool, secret_digest bytes?, grants text, scopes text, created_at_ms int, updated_at_ms int, disabled_at_ms int?, version int
SELECT id, name, is_confidential, secret_digest, grants, scopes, created_at_ms, updated_at_ms, disabled_at_ms, version
FROM clients WHERE id > $1 ORDER BY id LIMIT $2

-- Holds the row until the transaction ends: what follows is decided on what it is then.
-- name: client_hold
-- lane: write
-- in: id text, now int
-- out: version int
UPDATE clients SET version = version + 1, updated_at_ms = $2 WHERE id = $1 RETURNING version

-- name: client_update
-- lane: write
-- in: id text, name text, grants text, scopes text, disabled_at_ms int?
-- out:
UPDATE clients SET name = $2, grants = $3, scopes = $4, disabled_at_ms = $5 WHERE id = $1

-- name: client_set_secret
-- lane: write
-- in: id text, secret_digest bytes
-- out:
UPDATE clients SET secret_digest = $2 WHERE id = $1

-- name: client_secret_insert
-- lane: write
-- in: client_id text, secret_digest bytes, now int
-- out:
INSERT INTO client_secrets (client_id, secret_digest, created_at_ms) VALUES ($1, $2, $3)

-- name: client_secret_delete
-- lane: write
-- in: client_id text, secret_digest bytes
-- out:
DELETE FROM client_secrets WHERE client_id = $1 AND secret_digest = $2

-- name: client_delete
-- lane: write
-- in: id text
-- out: id text
DELETE FROM clients WHERE id = $1 RETURNING id
