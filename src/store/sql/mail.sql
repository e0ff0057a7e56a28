-- The outbox. Times are Unix milliseconds.

-- name: mail_insert
-- lane: write
-- in: id uuid, kind text, recipient text, sealed_content bytes, account_id uuid?, now int
-- out:
INSERT INTO mail_outbox (id, kind, recipient, sealed_content, account_id, next_attempt_at_ms, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $6)
