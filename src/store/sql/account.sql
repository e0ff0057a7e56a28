-- Accounts. Times are Unix milliseconds. What an administrator sees of one and its owner changes makes another version of it.

-- name: account_insert
-- lane: write
-- in: id uuid, email text, email_key text, name text?, locale text?, password_hash text?, now int
-- out: id uuid
INSERT INTO accounts (id, email, email_key, name, locale, password_hash, password_changed_at_ms, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)
ON CONFLICT (email_key) DO NOTHING
RETURNING id

-- name: account_by_id
-- in: id uuid
-- out: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, password_hash text?, password_changed_at_ms int?, status text, delete_after_ms int?, created_at_ms int, updated_at_ms int
SELECT id, email, email_key, is_email_verified, name, locale, password_hash, password_changed_at_ms, status, delete_after_ms, created_at_ms, updated_at_ms
FROM accounts WHERE id = $1

-- name: account_by_email_key
-- in: email_key text
-- out: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, password_hash text?, password_changed_at_ms int?, status text, delete_after_ms int?, created_at_ms int, updated_at_ms int
SELECT id, email, email_key, is_email_verified, name, locale, password_hash, password_changed_at_ms, status, delete_after_ms, created_at_ms, updated_at_ms
FROM accounts WHERE email_key = $1

-- name: account_page
-- in: after uuid, count int
-- out: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, password_hash text?, password_changed_at_ms int?, status text, delete_after_ms int?, created_at_ms int, updated_at_ms int
SELECT id, email, email_key, is_email_verified, name, locale, password_hash, password_changed_at_ms, status, delete_after_ms, created_at_ms, updated_at_ms
FROM accounts WHERE id > $1 ORDER BY id LIMIT $2

-- A profile change: each pair says whether the member is changed, and to what.
-- name: account_update_profile
-- lane: write
-- in: id uuid, sets_name bool, name text?, sets_locale bool, locale text?, now int
-- out: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, password_hash text?, password_changed_at_ms int?, status text, delete_after_ms int?, created_at_ms int, updated_at_ms int
UPDATE accounts
SET name = CASE WHEN $2 THEN $3 ELSE name END,
    locale = CASE WHEN $4 THEN $5 ELSE locale END,
    updated_at_ms = $6, version = version + 1
WHERE id = $1 AND status = 'active'
RETURNING id, email, email_key, is_email_verified, name, locale, password_hash, password_changed_at_ms, status, delete_after_ms, created_at_ms, updated_at_ms

-- The time of the last change is the password's version, so it always grows: of two changes at once, one wins. A rehash
-- does not touch it.
-- name: account_set_password
-- lane: write
-- in: id uuid, changed_at_ms int, new_hash text, now int
-- out: id uuid
UPDATE accounts
SET password_hash = $3,
    password_changed_at_ms = CASE WHEN $4 > password_changed_at_ms THEN $4 ELSE password_changed_at_ms + 1 END,
    updated_at_ms = $4, version = version + 1
WHERE id = $1 AND password_changed_at_ms = $2 AND status = 'active'
RETURNING id

-- A sign-in holds its account's row until the new session stands: what locks, closes or gets another password meanwhile
-- either is seen here, or waits, sees the session and ends it.
-- name: account_hold
-- lane: write
-- in: id uuid, password_changed_at_ms int
-- out: id uuid
UPDATE accounts SET status = status
WHERE id = $1 AND password_changed_at_ms = $2 AND status = 'active'
RETURNING id

-- The same password under today's cost; not a change of password.
-- name: account_rehash
-- lane: write
-- in: id uuid, old_hash text, new_hash text
-- out:
UPDATE accounts SET password_hash = $3 WHERE id = $1 AND password_hash = $2

-- name: account_close
-- lane: write
-- in: id uuid, delete_after_ms int, now int
-- out: id uuid
UPDATE accounts SET status = 'closing', delete_after_ms = $2, updated_at_ms = $3, version = version + 1
WHERE id = $1 AND status = 'active'
RETURNING id

-- Not what an administrator has deleted.
-- name: account_reopen
-- lane: write
-- in: id uuid, now int
-- out: id uuid
UPDATE accounts SET status = 'active', delete_after_ms = NULL, updated_at_ms = $2, version = version + 1
WHERE id = $1 AND status = 'closing' AND delete_after_ms > $2 AND lock_reason IS NULL
RETURNING id

-- name: account_set_status
-- lane: write
-- in: id uuid, from_status text, to_status text, now int
-- out: id uuid
UPDATE accounts SET status = $3, updated_at_ms = $4 WHERE id = $1 AND status = $2 RETURNING id

-- An account whose grace period is over makes room for a new one of the same address.
-- name: account_purge_closed
-- lane: write
-- in: email_key text, now int
-- out: id uuid, email_key text
DELETE FROM accounts WHERE email_key = $1 AND status = 'closing' AND delete_after_ms <= $2 RETURNING id, email_key

-- name: account_closed
-- in: now int, count int
-- out: id uuid
SELECT id FROM accounts WHERE status = 'closing' AND delete_after_ms <= $1 ORDER BY delete_after_ms LIMIT $2

-- The `count`-th one after the given one.
-- name: account_window_end
-- in: after uuid, count int
-- out: id uuid
SELECT id FROM accounts WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2 - 1

-- name: account_erase_closed
-- lane: write
-- in: id uuid, now int
-- out: id uuid, email_key text
DELETE FROM accounts WHERE id = $1 AND status = 'closing' AND delete_after_ms <= $2 RETURNING id, email_key

-- Whoever reads the mail of an address nobody had proved is its owner. The password of before goes unless it is kept. No row
-- comes back when the address had been proved already.
-- name: account_prove
-- lane: write
-- in: id uuid, keeps_password bool, now int
-- out: id uuid
UPDATE accounts
SET is_email_verified = true,
    password_hash = CASE WHEN $2 THEN password_hash ELSE NULL END,
    password_changed_at_ms = CASE WHEN $2 THEN password_changed_at_ms
                                  WHEN $3 > password_changed_at_ms THEN $3 ELSE password_changed_at_ms + 1 END,
    updated_at_ms = $3, version = version + 1
WHERE id = $1 AND NOT is_email_verified
RETURNING id

-- Another password for whoever reads the account's mail: the last one wins. It proves the address, too.
-- name: account_reset_password
-- lane: write
-- in: id uuid, new_hash text, now int
-- out: id uuid
UPDATE accounts
SET password_hash = $2,
    password_changed_at_ms = CASE WHEN $3 > password_changed_at_ms THEN $3 ELSE password_changed_at_ms + 1 END,
    is_email_verified = true, updated_at_ms = $3, version = version + 1
WHERE id = $1 AND status = 'active'
RETURNING id

-- name: account_set_email
-- lane: write
-- in: id uuid, email text, email_key text, now int
-- out: id uuid
UPDATE accounts SET email = $2, email_key = $3, is_email_verified = true, updated_at_ms = $4, version = version + 1
WHERE id = $1 AND status = 'active'
  AND NOT EXISTS (SELECT 1 FROM accounts taken WHERE taken.email_key = $3 AND taken.id <> $1)
RETURNING id
