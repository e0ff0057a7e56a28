-- Requests that may be sent again (Idempotency-Key). status: NULL while one is worked on, 0 once its work is committed,
-- then the status of its answer.

-- A claim is free when it has expired, or when whoever held it is gone without having committed anything.
-- name: idempotency_claim
-- lane: write
-- in: key_digest bytes, request_digest bytes, now int, expires_at_ms int, gone_before_ms int
-- out: created_at_ms int
INSERT INTO idempotency_keys (key_digest, request_digest, created_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (key_digest) DO UPDATE
SET request_digest = excluded.request_digest, status = NULL, sealed_answer = NULL,
    created_at_ms = excluded.created_at_ms, expires_at_ms = excluded.expires_at_ms
WHERE idempotency_keys.expires_at_ms <= $3
   OR (idempotency_keys.status IS NULL AND idempotency_keys.created_at_ms <= $5 AND idempotency_keys.request_digest = $2)
RETURNING created_at_ms

-- name: idempotency_find
-- in: key_digest bytes
-- out: request_digest bytes, status int?, sealed_answer bytes?
SELECT request_digest, status, sealed_answer FROM idempotency_keys WHERE key_digest = $1

-- In the transaction of the work: whoever has lost the claim meanwhile does not commit.
-- name: idempotency_mark
-- lane: write
-- in: key_digest bytes, created_at_ms int
-- out: created_at_ms int
UPDATE idempotency_keys SET status = 0
WHERE key_digest = $1 AND created_at_ms = $2 AND (status IS NULL OR status = 0)
RETURNING created_at_ms

-- name: idempotency_finish
-- lane: write
-- in: key_digest bytes, created_at_ms int, status int, sealed_answer bytes
-- out:
UPDATE idempotency_keys SET status = $3, sealed_answer = $4 WHERE key_digest = $1 AND created_at_ms = $2

-- Nothing was done: the key may be used again.
-- name: idempotency_release
-- lane: write
-- in: key_digest bytes, created_at_ms int
-- out:
DELETE FROM idempotency_keys WHERE key_digest = $1 AND created_at_ms = $2 AND status IS NULL

-- name: idempotency_erase_expired
-- lane: write
-- in: expired_before_ms int, count int
-- out:
DELETE FROM idempotency_keys
WHERE key_digest IN (SELECT w.key_digest
                     FROM (SELECT key_digest FROM idempotency_keys WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2) AS w)
  AND expires_at_ms < $1
