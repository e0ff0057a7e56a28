-- Failed attempts.

-- An attempt is counted as failed before it is evaluated, and only if it may be: so that attempts at the same moment
-- never exceed the limit. Delay: nothing up to the free ones, then doubling from the first delay to the longest one; at
-- the stop no attempt is let through. No row comes back when the attempt must not be evaluated.
-- name: throttle_take
-- lane: write
-- in: throttle_key bytes, now int, free int, first_delay_ms int, longest_delay_ms int, stop int
-- out: failures int, blocked_until_ms int
INSERT INTO throttles (throttle_key, failures, blocked_until_ms, updated_at_ms)
VALUES ($1, 1, CASE WHEN $3 <= 1 THEN $2 + $4 ELSE 0 END, $2)
ON CONFLICT (throttle_key) DO UPDATE
SET failures = throttles.failures + 1,
    blocked_until_ms = CASE
        WHEN throttles.failures + 1 < $3 THEN 0
        WHEN throttles.failures + 1 - $3 >= 20 THEN $2 + $5
        WHEN $4 * (CAST(1 AS bigint) << CAST(throttles.failures + 1 - $3 AS integer)) >= $5 THEN $2 + $5
        ELSE $2 + $4 * (CAST(1 AS bigint) << CAST(throttles.failures + 1 - $3 AS integer)) END,
    updated_at_ms = $2
WHERE throttles.blocked_until_ms <= $2 AND throttles.failures < $6
RETURNING failures, blocked_until_ms

-- name: throttle_by_key
-- in: throttle_key bytes
-- out: failures int, blocked_until_ms int
SELECT failures, blocked_until_ms FROM throttles WHERE throttle_key = $1

-- name: throttle_clear
-- lane: write
-- in: throttle_key bytes
-- out:
DELETE FROM throttles WHERE throttle_key = $1

-- name: throttle_undo
-- lane: write
-- in: throttle_key bytes
-- out:
UPDATE throttles SET failures = failures - 1, blocked_until_ms = 0 WHERE throttle_key = $1 AND failures > 0

-- Keys are random: a window from any place on, that goes on at the beginning after the end, is a fair sample.
-- What has been throttled to the stop is kept until an administrator lifts it. The failures are looked at again when the
-- row is erased: an attempt may have been counted meanwhile.
-- name: throttle_erase_old
-- lane: write
-- in: start bytes, count int, free int, stop int, unthrottled_before_ms int, throttled_before_ms int
-- out:
DELETE FROM throttles
WHERE throttle_key IN (SELECT throttle_key
                       FROM (SELECT throttle_key FROM throttles WHERE throttle_key >= $1 ORDER BY throttle_key LIMIT $2) AS w
                       UNION ALL
                       SELECT throttle_key
                       FROM (SELECT throttle_key FROM throttles WHERE throttle_key < $1 ORDER BY throttle_key LIMIT $2) AS v
                       LIMIT $2)
  AND failures < $4
  AND updated_at_ms < CASE WHEN failures < $3 THEN $5 ELSE $6 END
