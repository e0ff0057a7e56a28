-- Webhooks and their deliveries. Times are Unix milliseconds. A delivery is named by the webhook and the event: there is
-- one for each pair, whatever happens.

-- Nothing comes back when there are as many as there may be.
-- name: webhook_insert
-- lane: write
-- in: id uuid, name text, url text, events text, sealed_secret bytes, is_enabled bool, now int, most int
-- out: id uuid
INSERT INTO webhooks (id, name, url, events, sealed_secret, is_enabled, created_at_ms, updated_at_ms)
SELECT $1, $2, $3, $4, $5, $6, $7, $7 WHERE (SELECT count(*) FROM webhooks) < $8
RETURNING id

-- name: webhook_by_id
-- in: id uuid
-- out: id uuid, name text, url text, events text, sealed_secret bytes, previous_sealed_secret bytes?, previous_until_ms int?, is_enabled bool, disabled_reason text?, failing_since_ms int?, failures int, paused_until_ms int, claimed_until_ms int, version int, created_at_ms int, updated_at_ms int
SELECT id, name, url, events, sealed_secret, previous_sealed_secret, previous_until_ms, is_enabled, disabled_reason,
       failing_since_ms, failures, paused_until_ms, claimed_until_ms, version, created_at_ms, updated_at_ms
FROM webhooks WHERE id = $1

-- name: webhook_page
-- in: after uuid, count int
-- out: id uuid, name text, url text, events text, sealed_secret bytes, previous_sealed_secret bytes?, previous_until_ms int?, is_enabled bool, disabled_reason text?, failing_since_ms int?, failures int, paused_until_ms int, claimed_until_ms int, version int, created_at_ms int, updated_at_ms int
SELECT id, name, url, events, sealed_secret, previous_sealed_secret, previous_until_ms, is_enabled, disabled_reason,
       failing_since_ms, failures, paused_until_ms, claimed_until_ms, version, created_at_ms, updated_at_ms
FROM webhooks WHERE id > $1 ORDER BY id LIMIT $2

-- Holds the row for the change that follows; what comes back has the version after it.
-- name: webhook_hold
-- lane: write
-- in: id uuid, now int
-- out: id uuid, name text, url text, events text, sealed_secret bytes, previous_sealed_secret bytes?, previous_until_ms int?, is_enabled bool, disabled_reason text?, failing_since_ms int?, failures int, paused_until_ms int, claimed_until_ms int, version int, created_at_ms int, updated_at_ms int
UPDATE webhooks SET version = version + 1, updated_at_ms = $2 WHERE id = $1
RETURNING id, name, url, events, sealed_secret, previous_sealed_secret, previous_until_ms, is_enabled, disabled_reason,
          failing_since_ms, failures, paused_until_ms, claimed_until_ms, version, created_at_ms, updated_at_ms

-- name: webhook_change
-- lane: write
-- in: id uuid, name text, url text, events text, is_enabled bool, disabled_reason text?, failing_since_ms int?, failures int, paused_until_ms int
-- out:
UPDATE webhooks
SET name = $2, url = $3, events = $4, is_enabled = $5, disabled_reason = $6, failing_since_ms = $7, failures = $8,
    paused_until_ms = $9
WHERE id = $1

-- name: webhook_set_secret
-- lane: write
-- in: id uuid, sealed_secret bytes, previous_sealed_secret bytes?, previous_until_ms int?
-- out:
UPDATE webhooks SET sealed_secret = $2, previous_sealed_secret = $3, previous_until_ms = $4 WHERE id = $1

-- name: webhook_delete
-- lane: write
-- in: id uuid
-- out: id uuid
DELETE FROM webhooks WHERE id = $1 RETURNING id

-- One webhook that something is due for, for one worker, whoever else asks: until the claim runs out it is nobody
-- else's. The one that was served longest ago comes first. Nothing may come back although there is one, when another
-- worker was faster.
-- name: webhook_claim
-- lane: write
-- in: now int, until int
-- out: id uuid, name text, url text, events text, sealed_secret bytes, previous_sealed_secret bytes?, previous_until_ms int?, is_enabled bool, disabled_reason text?, failing_since_ms int?, failures int, paused_until_ms int, claimed_until_ms int, version int, created_at_ms int, updated_at_ms int
UPDATE webhooks SET claimed_until_ms = $2, paused_until_ms = 0
WHERE id = (SELECT w.id FROM webhooks AS w
            WHERE w.is_enabled AND w.claimed_until_ms <= $1 AND w.paused_until_ms <= $1
              AND EXISTS (SELECT 1 FROM webhook_deliveries AS d
                          WHERE d.webhook_id = w.id AND d.state = 'waiting' AND d.next_attempt_at_ms <= $1)
            ORDER BY w.claimed_until_ms, w.id LIMIT 1)
  AND is_enabled AND claimed_until_ms <= $1
RETURNING id, name, url, events, sealed_secret, previous_sealed_secret, previous_until_ms, is_enabled, disabled_reason,
          failing_since_ms, failures, paused_until_ms, claimed_until_ms, version, created_at_ms, updated_at_ms

-- When a claim ran out tells whose it was. What is said of failures counts only of the version that was worked for, and no
-- pause where somebody wants it sent now.
-- name: webhook_release
-- lane: write
-- in: id uuid, claimed_until_ms int, now int, version int, failing_since_ms int?, failures int, paused_until_ms int
-- out:
UPDATE webhooks
SET claimed_until_ms = $3,
    failing_since_ms = CASE WHEN version = $4 THEN $5 ELSE failing_since_ms END,
    failures = CASE WHEN version = $4 THEN $6 ELSE failures END,
    paused_until_ms = CASE WHEN paused_until_ms < 0 THEN 0 WHEN version = $4 THEN $7 ELSE paused_until_ms END
WHERE id = $1 AND claimed_until_ms = $2

-- Only once, and where a version is given only that one.
-- name: webhook_disable
-- lane: write
-- in: id uuid, now int, disabled_reason text, version int?
-- out: id uuid
UPDATE webhooks SET is_enabled = false, disabled_reason = $3, version = version + 1, updated_at_ms = $2
WHERE id = $1 AND is_enabled AND ($4 IS NULL OR version = $4)
RETURNING id

-- Something is to be sent now, whatever failed before, and whatever a worker that has it right now says at its end. Nothing comes back for a webhook that is disabled.
-- name: webhook_hasten
-- lane: write
-- in: id uuid
-- out: id uuid
UPDATE webhooks SET paused_until_ms = -1 WHERE id = $1 AND is_enabled RETURNING id

-- One for each enabled webhook and each event of a batch that it wants: the whole type, all of its group, or everything.
-- name: webhook_delivery_insert_batch
-- lane: write
-- in: after_seq int, to_seq int, now int
-- out:
INSERT INTO webhook_deliveries (webhook_id, event_id, event_seq, event_type, next_attempt_at_ms, created_at_ms)
SELECT w.id, e.id, e.seq, e.type, $3, $3
FROM webhooks AS w CROSS JOIN audit_events AS e
WHERE w.is_enabled AND e.seq > $1 AND e.seq <= $2
  AND (w.events = '*' OR strpos(' ' || w.events || ' ', ' ' || e.type || ' ') > 0
       OR strpos(' ' || w.events || ' ', ' ' || substr(e.type, 1, strpos(e.type, '.')) || '* ') > 0)
ON CONFLICT (webhook_id, event_id) DO NOTHING
-- dialect: sqlite
INSERT INTO webhook_deliveries (webhook_id, event_id, event_seq, event_type, next_attempt_at_ms, created_at_ms)
SELECT w.id, e.id, e.seq, e.type, $3, $3
FROM webhooks AS w CROSS JOIN audit_events AS e
WHERE w.is_enabled AND e.seq > $1 AND e.seq <= $2
  AND (w.events = '*' OR instr(' ' || w.events || ' ', ' ' || e.type || ' ') > 0
       OR instr(' ' || w.events || ' ', ' ' || substr(e.type, 1, instr(e.type, '.')) || '* ') > 0)
ON CONFLICT (webhook_id, event_id) DO NOTHING

-- name: webhook_delivery_insert
-- lane: write
-- in: webhook_id uuid, event_id uuid, event_type text, now int
-- out:
INSERT INTO webhook_deliveries (webhook_id, event_id, event_seq, event_type, next_attempt_at_ms, created_at_ms)
VALUES ($1, $2, 0, $3, $4, $4)

-- The next one that is due for a webhook the caller has claimed, as long as it is what it was then: a URL or a secret that
-- was changed meanwhile is used no more. The attempt is counted before it is made.
-- name: webhook_delivery_take
-- lane: write
-- in: webhook_id uuid, now int, until int, version int
-- out: webhook_id uuid, event_id uuid, event_seq int, event_type text, state text, attempts int, next_attempt_at_ms int, created_at_ms int, finished_at_ms int?, last_status int?, last_duration_ms int?, last_error text?
UPDATE webhook_deliveries SET claimed_until_ms = $3, next_attempt_at_ms = $3, attempts = attempts + 1
WHERE webhook_id = $1
  AND event_id = (SELECT d.event_id FROM webhook_deliveries AS d
                  WHERE d.webhook_id = $1 AND d.state = 'waiting' AND d.next_attempt_at_ms <= $2
                  ORDER BY d.next_attempt_at_ms, d.event_seq LIMIT 1)
  AND state = 'waiting' AND next_attempt_at_ms <= $2
  AND EXISTS (SELECT 1 FROM webhooks AS w WHERE w.id = $1 AND w.version = $4 AND w.is_enabled)
RETURNING webhook_id, event_id, event_seq, event_type, state, attempts, next_attempt_at_ms, created_at_ms, finished_at_ms,
          last_status, last_duration_ms, last_error

-- The attempt tells whose claim it is.
-- name: webhook_delivery_finish
-- lane: write
-- in: webhook_id uuid, event_id uuid, attempts int, state text, now int, last_status int?, last_duration_ms int, last_error text?
-- out:
UPDATE webhook_deliveries
SET state = $4, claimed_until_ms = 0, finished_at_ms = $5, last_status = $6, last_duration_ms = $7, last_error = $8
WHERE webhook_id = $1 AND event_id = $2 AND attempts = $3 AND state = 'waiting'

-- name: webhook_delivery_postpone
-- lane: write
-- in: webhook_id uuid, event_id uuid, attempts int, next_attempt_at_ms int, last_status int?, last_duration_ms int, last_error text?
-- out:
UPDATE webhook_deliveries
SET next_attempt_at_ms = $4, claimed_until_ms = 0, last_status = $5, last_duration_ms = $6, last_error = $7
WHERE webhook_id = $1 AND event_id = $2 AND attempts = $3 AND state = 'waiting'

-- Once more, whether it waits or is over; not while somebody sends it.
-- name: webhook_delivery_retry
-- lane: write
-- in: webhook_id uuid, event_id uuid, now int
-- out: webhook_id uuid, event_id uuid, event_seq int, event_type text, state text, attempts int, next_attempt_at_ms int, created_at_ms int, finished_at_ms int?, last_status int?, last_duration_ms int?, last_error text?
UPDATE webhook_deliveries SET state = 'waiting', next_attempt_at_ms = $3, finished_at_ms = NULL
WHERE webhook_id = $1 AND event_id = $2 AND claimed_until_ms <= $3
RETURNING webhook_id, event_id, event_seq, event_type, state, attempts, next_attempt_at_ms, created_at_ms, finished_at_ms,
          last_status, last_duration_ms, last_error

-- name: webhook_delivery_by_id
-- in: webhook_id uuid, event_id uuid
-- out: webhook_id uuid, event_id uuid, event_seq int, event_type text, state text, attempts int, next_attempt_at_ms int, created_at_ms int, finished_at_ms int?, last_status int?, last_duration_ms int?, last_error text?
SELECT webhook_id, event_id, event_seq, event_type, state, attempts, next_attempt_at_ms, created_at_ms, finished_at_ms,
       last_status, last_duration_ms, last_error
FROM webhook_deliveries WHERE webhook_id = $1 AND event_id = $2

-- What waits for a webhook that is disabled does not come all the same when it is enabled again; what waits for one that is
-- enabled does. By their place in the table,
-- so that PostgreSQL finds them the same way whatever it knows of the table.
-- name: webhook_delivery_cancel_some
-- lane: write
-- in: webhook_id uuid, now int, count int
-- out:
UPDATE webhook_deliveries
SET state = 'failed', claimed_until_ms = 0, finished_at_ms = $2, last_error = 'the webhook was disabled'
WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM webhook_deliveries AS d
                        WHERE d.webhook_id = $1 AND d.state = 'waiting' LIMIT $3))
  AND state = 'waiting' AND NOT EXISTS (SELECT 1 FROM webhooks AS w WHERE w.id = $1 AND w.is_enabled)
-- dialect: sqlite
UPDATE webhook_deliveries
SET state = 'failed', claimed_until_ms = 0, finished_at_ms = $2, last_error = 'the webhook was disabled'
WHERE (webhook_id, event_id) IN (SELECT d.webhook_id, d.event_id FROM webhook_deliveries AS d
                                 WHERE d.webhook_id = $1 AND d.state = 'waiting' LIMIT $3)
  AND NOT EXISTS (SELECT 1 FROM webhooks AS w WHERE w.id = $1 AND w.is_enabled)

-- name: webhook_delivery_delete_some
-- lane: write
-- in: webhook_id uuid, count int
-- out:
DELETE FROM webhook_deliveries
WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM webhook_deliveries AS d WHERE d.webhook_id = $1 LIMIT $2))
-- dialect: sqlite
DELETE FROM webhook_deliveries
WHERE webhook_id = $1
  AND event_id IN (SELECT d.event_id FROM webhook_deliveries AS d WHERE d.webhook_id = $1 LIMIT $2)

-- When the first of what waits for each enabled webhook is due; NULL: nothing waits. One look into the index for each.
-- name: webhook_due
-- in: count int
-- out: next_attempt_at_ms int?, paused_until_ms int, claimed_until_ms int
SELECT (SELECT d.next_attempt_at_ms FROM webhook_deliveries AS d
        WHERE d.webhook_id = w.id AND d.state = 'waiting' ORDER BY d.next_attempt_at_ms LIMIT 1) AS next_attempt_at_ms,
       w.paused_until_ms, w.claimed_until_ms
FROM webhooks AS w WHERE w.is_enabled LIMIT $1

-- How many wait for each enabled webhook, counted as far as `most`.
-- name: webhook_backlog
-- in: most int, count int
-- out: id uuid, waiting int
SELECT w.id, (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries AS d
                                    WHERE d.webhook_id = w.id AND d.state = 'waiting' LIMIT $1) AS counted) AS waiting
FROM webhooks AS w WHERE w.is_enabled LIMIT $2

-- Newest first; ids sort by time.
-- name: webhook_delivery_page
-- in: webhook_id uuid, before uuid, count int
-- out: webhook_id uuid, event_id uuid, event_seq int, event_type text, state text, attempts int, next_attempt_at_ms int, created_at_ms int, finished_at_ms int?, last_status int?, last_duration_ms int?, last_error text?
SELECT webhook_id, event_id, event_seq, event_type, state, attempts, next_attempt_at_ms, created_at_ms, finished_at_ms,
       last_status, last_duration_ms, last_error
FROM webhook_deliveries WHERE webhook_id = $1 AND event_id < $2 ORDER BY event_id DESC LIMIT $3

-- name: webhook_delivery_page_of_state
-- in: webhook_id uuid, before uuid, count int, state text
-- out: webhook_id uuid, event_id uuid, event_seq int, event_type text, state text, attempts int, next_attempt_at_ms int, created_at_ms int, finished_at_ms int?, last_status int?, last_duration_ms int?, last_error text?
SELECT webhook_id, event_id, event_seq, event_type, state, attempts, next_attempt_at_ms, created_at_ms, finished_at_ms,
       last_status, last_duration_ms, last_error
FROM webhook_deliveries WHERE webhook_id = $1 AND state = $4 AND event_id < $2 ORDER BY event_id DESC LIMIT $3

-- Those that wait as well: the last attempt is long over by then, or the webhook is disabled.
-- name: webhook_delivery_erase_old
-- lane: write
-- in: before_ms int, count int
-- out:
DELETE FROM webhook_deliveries
WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM webhook_deliveries AS d
                        WHERE d.created_at_ms < $1 ORDER BY d.created_at_ms LIMIT $2))
-- dialect: sqlite
DELETE FROM webhook_deliveries
WHERE (webhook_id, event_id) IN (SELECT d.webhook_id, d.event_id FROM webhook_deliveries AS d
                                 WHERE d.created_at_ms < $1 ORDER BY d.created_at_ms LIMIT $2)
