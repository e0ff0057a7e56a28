-- Codes and links sent by mail. Times are Unix milliseconds.

-- One living code for each subject and purpose: a new one takes the place of the old one. A code that is not `kept` is the
-- same work and leaves nothing.
-- name: code_put
-- lane: write
-- in: id uuid, purpose text, subject bytes, account_id uuid?, new_email text?, session_id uuid?, code_digest bytes, token_digest bytes, now int, expires_at_ms int, kept bool
-- out:
INSERT INTO one_time_codes (id, purpose, subject, account_id, new_email, session_id, code_digest, token_digest,
                            created_at_ms, expires_at_ms)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE $11
ON CONFLICT (subject, purpose) DO UPDATE
SET id = excluded.id, account_id = excluded.account_id, new_email = excluded.new_email, session_id = excluded.session_id,
    code_digest = excluded.code_digest, token_digest = excluded.token_digest, attempts = 0,
    created_at_ms = excluded.created_at_ms, expires_at_ms = excluded.expires_at_ms, used_at_ms = NULL

-- name: code_of_subject
-- in: subject bytes, purpose text, now int, attempts_max int
-- out: id uuid
SELECT id FROM one_time_codes
WHERE subject = $1 AND purpose = $2 AND used_at_ms IS NULL AND expires_at_ms > $3 AND attempts < $4

-- The attempt is counted, and the code used up if it is the right one, in one step: of attempts at the same moment no more
-- than allowed are looked at, and one succeeds.
-- name: code_attempt
-- lane: write
-- in: id uuid, purpose text, code_digest bytes, now int, attempts_max int
-- out: account_id uuid?, new_email text?, session_id uuid?, used_at_ms int?
UPDATE one_time_codes
SET attempts = attempts + 1, used_at_ms = CASE WHEN code_digest = $3 THEN $4 ELSE NULL END
WHERE id = $1 AND purpose = $2 AND used_at_ms IS NULL AND expires_at_ms > $4 AND attempts < $5
RETURNING account_id, new_email, session_id, used_at_ms

-- Wrong codes do not spoil the link: nobody guesses it, and else anybody could keep it from its owner.
-- name: code_use_token
-- lane: write
-- in: token_digest bytes, purpose text, now int
-- out: account_id uuid?, new_email text?, session_id uuid?, used_at_ms int?
UPDATE one_time_codes SET used_at_ms = $3
WHERE token_digest = $1 AND purpose = $2 AND used_at_ms IS NULL AND expires_at_ms > $3
RETURNING account_id, new_email, session_id, used_at_ms

-- A look that uses up nothing.
-- name: code_by_token
-- in: token_digest bytes, purpose text, now int
-- out: account_id uuid?
SELECT account_id FROM one_time_codes
WHERE token_digest = $1 AND purpose = $2 AND used_at_ms IS NULL AND expires_at_ms > $3

-- name: code_forget
-- lane: write
-- in: account_id uuid
-- out:
DELETE FROM one_time_codes WHERE account_id = $1

-- name: code_erase_expired
-- lane: write
-- in: expired_before_ms int, count int
-- out:
DELETE FROM one_time_codes
WHERE id IN (SELECT w.id FROM (SELECT id FROM one_time_codes WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2) AS w)
  AND expires_at_ms < $1
