-- Sign-ins that wait for a second factor. Times are Unix milliseconds.

-- name: login_challenge_insert
-- lane: write
-- in: id uuid, account_id uuid, token_digest bytes, amr text, password_changed_at_ms int, client_address text?, user_agent text?, device_digest bytes?, is_enrolment bool, now int, expires_at_ms int
-- out:
INSERT INTO login_challenges (id, account_id, token_digest, amr, password_changed_at_ms, client_address, user_agent,
                              device_digest, is_enrolment, created_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- An attempt is counted before it is evaluated; no row when there may be none. The user agent is the one it was begun with.
-- name: login_challenge_take
-- lane: write
-- in: token_digest bytes, now int, attempts_max int, user_agent text
-- out: id uuid, account_id uuid, amr text, password_changed_at_ms int?, device_digest bytes?, is_enrolment bool, factor_id uuid?
UPDATE login_challenges SET attempts = attempts + 1
WHERE token_digest = $1 AND used_at_ms IS NULL AND expires_at_ms > $2 AND attempts < $3
  AND COALESCE(user_agent, '') = $4
RETURNING id, account_id, amr, password_changed_at_ms, device_digest, is_enrolment, factor_id

-- The factor that is being enrolled within the sign-in; what it takes is not an attempt.
-- name: login_challenge_set_factor
-- lane: write
-- in: token_digest bytes, now int, user_agent text, factor_id uuid, enrolments_max int
-- out: id uuid, account_id uuid, password_changed_at_ms int?
UPDATE login_challenges SET factor_id = $4, enrolments = enrolments + 1
WHERE token_digest = $1 AND used_at_ms IS NULL AND expires_at_ms > $2 AND COALESCE(user_agent, '') = $3
  AND is_enrolment AND enrolments < $5
RETURNING id, account_id, password_changed_at_ms

-- name: login_challenge_use
-- lane: write
-- in: id uuid, now int
-- out: id uuid
UPDATE login_challenges SET used_at_ms = $2
WHERE id = $1 AND used_at_ms IS NULL AND expires_at_ms > $2
RETURNING id

-- name: login_challenge_void_all
-- lane: write
-- in: account_id uuid, now int
-- out:
UPDATE login_challenges SET used_at_ms = $2 WHERE account_id = $1 AND used_at_ms IS NULL

-- name: login_challenge_erase_expired
-- lane: write
-- in: account_id uuid, now int
-- out:
DELETE FROM login_challenges WHERE account_id = $1 AND (expires_at_ms <= $2 OR used_at_ms IS NOT NULL)

-- name: login_challenge_erase_old
-- lane: write
-- in: expired_before_ms int, count int
-- out:
DELETE FROM login_challenges
WHERE id IN (SELECT w.id FROM (SELECT id FROM login_challenges WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2) AS w)
