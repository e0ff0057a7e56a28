-- Access tokens revoked one by one.

-- name: revoked_token_insert
-- lane: write
-- in: token_digest bytes, expires_at_ms int
-- out:
INSERT INTO revoked_tokens (token_digest, expires_at_ms) VALUES ($1, $2) ON CONFLICT (token_digest) DO NOTHING

-- name: revoked_token_find
-- in: token_digest bytes
-- out: expires_at_ms int
SELECT expires_at_ms FROM revoked_tokens WHERE token_digest = $1
