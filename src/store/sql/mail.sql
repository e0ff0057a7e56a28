-- The outbox. Times are Unix milliseconds.

-- A mail that is not `kept` is the same work and leaves nothing.
-- name: mail_insert
-- lane: write
-- in: id uuid, kind text, recipient text, sealed_content bytes, account_id uuid?, now int, kept bool
-- out:
INSERT INTO mail_outbox (id, kind, recipient, sealed_content, account_id, next_attempt_at_ms, created_at_ms)
SELECT $1, $2, $3, $4, $5, $6, $6 WHERE $7

-- One mail for one worker, whoever else asks: until the claim runs out it is nobody else's. Nothing may come back
-- although mail is due, when another worker was faster.
-- name: mail_claim
-- lane: write
-- in: now int, until int
-- out: id uuid, kind text, recipient text, sealed_content bytes?, account_id uuid?, attempts int, created_at_ms int
UPDATE mail_outbox SET claimed_until_ms = $2, next_attempt_at_ms = $2, attempts = attempts + 1
WHERE id = (SELECT w.id FROM mail_outbox AS w
            WHERE w.state = 'waiting' AND w.next_attempt_at_ms <= $1 ORDER BY w.next_attempt_at_ms LIMIT 1)
  AND state = 'waiting' AND next_attempt_at_ms <= $1
RETURNING id, kind, recipient, sealed_content, account_id, attempts, created_at_ms

-- The attempt tells whose claim it is.
-- name: mail_finish
-- lane: write
-- in: id uuid, attempts int, state text, now int, last_error text?
-- out:
UPDATE mail_outbox SET state = $3, sealed_content = NULL, claimed_until_ms = 0, finished_at_ms = $4, last_error = $5
WHERE id = $1 AND attempts = $2 AND state = 'waiting'

-- name: mail_postpone
-- lane: write
-- in: id uuid, attempts int, next_attempt_at_ms int, last_error text?, attempts_counted int
-- out:
UPDATE mail_outbox SET next_attempt_at_ms = $3, claimed_until_ms = 0, last_error = $4, attempts = $5
WHERE id = $1 AND attempts = $2 AND state = 'waiting'

-- name: mail_pending
-- in:
-- out: waiting int, oldest_at_ms int?, next_attempt_at_ms int?
SELECT count(*) AS waiting, min(created_at_ms) AS oldest_at_ms, min(next_attempt_at_ms) AS next_attempt_at_ms
FROM mail_outbox WHERE state = 'waiting'

-- name: mail_by_id
-- in: id uuid
-- out: id uuid, kind text, recipient text, state text, attempts int, created_at_ms int, next_attempt_at_ms int, finished_at_ms int?, last_error text?
SELECT id, kind, recipient, state, attempts, created_at_ms, next_attempt_at_ms, finished_at_ms, last_error
FROM mail_outbox WHERE id = $1

-- name: mail_list_page
-- in: after uuid, count int
-- out: id uuid, kind text, recipient text, state text, attempts int, created_at_ms int, next_attempt_at_ms int, finished_at_ms int?, last_error text?
SELECT id, kind, recipient, state, attempts, created_at_ms, next_attempt_at_ms, finished_at_ms, last_error
FROM mail_outbox WHERE id > $1 ORDER BY id LIMIT $2

-- Not while somebody sends it.
-- name: mail_retry
-- lane: write
-- in: id uuid, now int
-- out: id uuid
UPDATE mail_outbox SET next_attempt_at_ms = $2 WHERE id = $1 AND state = 'waiting' AND claimed_until_ms <= $2
RETURNING id

-- What is over, by ids, which ascend with time.
-- name: mail_erase_finished
-- lane: write
-- in: before uuid, count int
-- out:
DELETE FROM mail_outbox
WHERE id IN (SELECT w.id FROM mail_outbox AS w WHERE w.id < $1 AND w.state <> 'waiting' ORDER BY w.id LIMIT $2)

-- Counted in one statement, so that mails at the same moment do not exceed the limit. No row comes back when it is
-- reached. The hour begins with the first mail.
-- name: mail_limit_take
-- lane: write
-- in: limit_key bytes, now int, most int, window_ends_at_ms int
-- out: taken int
INSERT INTO mail_limits (limit_key, taken, window_ends_at_ms) VALUES ($1, 1, $4)
ON CONFLICT (limit_key) DO UPDATE
SET taken = CASE WHEN mail_limits.window_ends_at_ms <= $2 THEN 1 ELSE mail_limits.taken + 1 END,
    window_ends_at_ms = CASE WHEN mail_limits.window_ends_at_ms <= $2 THEN $4 ELSE mail_limits.window_ends_at_ms END
WHERE mail_limits.window_ends_at_ms <= $2 OR mail_limits.taken < $3
RETURNING taken

-- name: mail_limit_by_key
-- in: limit_key bytes
-- out: window_ends_at_ms int
SELECT window_ends_at_ms FROM mail_limits WHERE limit_key = $1

-- name: mail_limit_erase_over
-- lane: write
-- in: now int, count int
-- out:
DELETE FROM mail_limits
WHERE limit_key IN (SELECT w.limit_key FROM mail_limits AS w WHERE w.window_ends_at_ms <= $1 LIMIT $2)
  AND window_ends_at_ms <= $1
