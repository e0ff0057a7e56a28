-- Devices an account has been signed in to from. Times are Unix milliseconds.

-- Whether the device is one of the account with this address.
-- name: known_device_find
-- in: account_id uuid, device_digest bytes, email_key text, seen_after_ms int
-- out: first_seen_at_ms int
SELECT d.first_seen_at_ms
FROM known_devices d JOIN accounts a ON a.id = d.account_id
WHERE d.account_id = $1 AND d.device_digest = $2 AND a.email_key = $3 AND d.last_seen_at_ms > $4

-- Seen now. The time it was first seen at is now when it is new.
-- name: known_device_see
-- lane: write
-- in: account_id uuid, device_digest bytes, now int, seen_after_ms int
-- out: first_seen_at_ms int
INSERT INTO known_devices (account_id, device_digest, first_seen_at_ms, last_seen_at_ms) VALUES ($1, $2, $3, $3)
ON CONFLICT (account_id, device_digest) DO UPDATE
SET first_seen_at_ms = CASE WHEN known_devices.last_seen_at_ms > $4 THEN known_devices.first_seen_at_ms ELSE $3 END,
    last_seen_at_ms = $3
RETURNING first_seen_at_ms

-- With the sessions there were of late, ended or not: two are enough to know.
-- name: known_device_count
-- in: account_id uuid
-- out: count int, session_count int
SELECT (SELECT count(*) FROM known_devices d WHERE d.account_id = $1) AS count,
       (SELECT count(*) FROM (SELECT 1 FROM sessions WHERE account_id = $1 LIMIT 2) AS s) AS session_count

-- Those beyond the number kept that were not seen for the longest time.
-- name: known_device_prune
-- lane: write
-- in: account_id uuid, kept int
-- out:
DELETE FROM known_devices
WHERE account_id = $1
  AND device_digest IN (SELECT device_digest FROM known_devices WHERE account_id = $1
                        ORDER BY last_seen_at_ms DESC, device_digest LIMIT 1000 OFFSET $2)

-- name: known_device_list
-- in: account_id uuid, seen_after_ms int, count int
-- out: device_digest bytes, first_seen_at_ms int, last_seen_at_ms int
SELECT device_digest, first_seen_at_ms, last_seen_at_ms FROM known_devices
WHERE account_id = $1 AND last_seen_at_ms > $2
ORDER BY last_seen_at_ms DESC, device_digest LIMIT $3

-- By the beginning of its digest, which is what its owner knows it by.
-- name: known_device_forget
-- lane: write
-- in: account_id uuid, device_id bytes
-- out: device_digest bytes
DELETE FROM known_devices WHERE account_id = $1 AND substr(device_digest, 1, 16) = $2
RETURNING device_digest

-- name: known_device_forget_all
-- lane: write
-- in: account_id uuid
-- out:
DELETE FROM known_devices WHERE account_id = $1

-- Of the accounts after the first one up to the last.
-- name: known_device_erase_unseen
-- lane: write
-- in: after uuid, last uuid, seen_before_ms int
-- out:
DELETE FROM known_devices WHERE account_id > $1 AND account_id <= $2 AND last_seen_at_ms < $3
