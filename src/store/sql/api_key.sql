-- API keys of people and of clients. Times are Unix milliseconds.

-- name: api_key_insert
-- lane: write
-- in: id uuid, account_id uuid?, client_id text?, name text, hint text, key_digest bytes, scopes text, now int, expires_at_ms int?
-- out:
INSERT INTO api_keys (id, account_id, client_id, name, hint, key_digest, scopes, created_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- The good ones of one owner.
-- name: api_key_count
-- in: account_id uuid?, client_id text?, now int
-- out: key_count int
SELECT count(*) AS key_count FROM api_keys
WHERE (account_id = $1 OR client_id = $2) AND revoked_at_ms IS NULL
  AND (expires_at_ms IS NULL OR expires_at_ms > $3)

-- name: api_key_by_digest
-- in: key_digest bytes
-- out: id uuid, account_id uuid?, client_id text?, name text, hint text, scopes text, created_at_ms int, expires_at_ms int?, last_used_at_ms int?, revoked_at_ms int?
SELECT id, account_id, client_id, name, hint, scopes, created_at_ms, expires_at_ms, last_used_at_ms, revoked_at_ms
FROM api_keys WHERE key_digest = $1

-- name: api_key_by_id
-- in: id uuid
-- out: id uuid, account_id uuid?, client_id text?, name text, hint text, scopes text, created_at_ms int, expires_at_ms int?, last_used_at_ms int?, revoked_at_ms int?
SELECT id, account_id, client_id, name, hint, scopes, created_at_ms, expires_at_ms, last_used_at_ms, revoked_at_ms
FROM api_keys WHERE id = $1 AND revoked_at_ms IS NULL

-- name: api_key_page_of_owner
-- in: account_id uuid?, client_id text?, after uuid, count int
-- out: id uuid, account_id uuid?, client_id text?, name text, hint text, scopes text, created_at_ms int, expires_at_ms int?, last_used_at_ms int?, revoked_at_ms int?
SELECT id, account_id, client_id, name, hint, scopes, created_at_ms, expires_at_ms, last_used_at_ms, revoked_at_ms
FROM api_keys WHERE (account_id = $1 OR client_id = $2) AND revoked_at_ms IS NULL AND id > $3
ORDER BY id LIMIT $4

-- name: api_key_page
-- in: after uuid, count int
-- out: id uuid, account_id uuid?, client_id text?, name text, hint text, scopes text, created_at_ms int, expires_at_ms int?, last_used_at_ms int?, revoked_at_ms int?
SELECT id, account_id, client_id, name, hint, scopes, created_at_ms, expires_at_ms, last_used_at_ms, revoked_at_ms
FROM api_keys WHERE revoked_at_ms IS NULL AND id > $1
ORDER BY id LIMIT $2

-- name: api_key_used
-- lane: write
-- in: id uuid, now int, used_before_ms int
-- out:
UPDATE api_keys SET last_used_at_ms = $2
WHERE id = $1 AND (last_used_at_ms IS NULL OR last_used_at_ms < $3)

-- name: api_key_revoke
-- lane: write
-- in: id uuid, now int
-- out: key_digest bytes
UPDATE api_keys SET revoked_at_ms = $2 WHERE id = $1 AND revoked_at_ms IS NULL
RETURNING key_digest

-- Some of one account's.
-- name: api_key_revoke_some
-- lane: write
-- in: account_id uuid, now int, count int
-- out: id uuid, key_digest bytes
UPDATE api_keys SET revoked_at_ms = $2
WHERE id IN (SELECT w.id FROM api_keys AS w WHERE w.account_id = $1 AND w.revoked_at_ms IS NULL ORDER BY w.id LIMIT $3)
  AND revoked_at_ms IS NULL
RETURNING id, key_digest

-- Keys beyond recall.
-- name: api_key_erase
-- lane: write
-- in: ended_before_ms int, count int
-- out:
DELETE FROM api_keys
WHERE id IN (SELECT w.id FROM api_keys AS w WHERE COALESCE(w.revoked_at_ms, w.expires_at_ms) < $1
             ORDER BY COALESCE(w.revoked_at_ms, w.expires_at_ms) LIMIT $2)
