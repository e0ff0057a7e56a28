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

-- Keys are random: a window from any place on, that goes on at the beginning after the end, is a fair sample.
-- name: revoked_token_erase_expired
-- lane: write
-- in: start bytes, count int, expired_before_ms int
-- out:
DELETE FROM revoked_tokens
WHERE token_digest IN (SELECT token_digest
                       FROM (SELECT token_digest FROM revoked_tokens WHERE token_digest >= $1 ORDER BY token_digest LIMIT $2) AS w
                       UNION ALL
                       SELECT token_digest
                       FROM (SELECT token_digest FROM revoked_tokens WHERE token_digest < $1 ORDER BY token_digest LIMIT $2) AS v
                       LIMIT $2)
  AND expires_at_ms < $3
