-- OAuth clients.

-- name: client_insert
-- lane: write
-- in: id text, name text, is_confidential bool, secret_digest bytes?, grants text, scopes text, now int
-- out: id text
INSERT INTO clients (id, name, is_confidential, secret_digest, grants, scopes, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: client_by_id
-- in: id text
-- out: id text, name text, is_confidential bool, secret_digest bytes?, grants text, scopes text, created_at_ms int, disabled_at_ms int?
SELECT id, name, is_confidential, secret_digest, grants, scopes, created_at_ms, disabled_at_ms
FROM clients WHERE id = $1

-- name: client_page
-- in: after text, count int
-- out: id text, name text, is_confidential bool, secret_digest bytes?, grants text, scopes text, created_at_ms int, disabled_at_ms int?
SELECT id, name, is_confidential, secret_digest, grants, scopes, created_at_ms, disabled_at_ms
FROM clients WHERE id > $1 ORDER BY id LIMIT $2

-- name: client_delete
-- lane: write
-- in: id text
-- out: id text
DELETE FROM clients WHERE id = $1 RETURNING id
