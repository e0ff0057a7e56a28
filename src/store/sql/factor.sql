-- Second factors and the codes that stand in for them. Times are Unix milliseconds.

-- What is asked of a sign-in: whether the account must use a second factor, and whether it has one.
-- name: account_assurance
-- in: account_id uuid
-- out: requires_mfa bool, has_password bool, factor_count int, recovery_count int
SELECT a.requires_mfa, a.password_hash IS NOT NULL AS has_password,
       (SELECT count(*) FROM factors f WHERE f.account_id = a.id AND f.confirmed_at_ms IS NOT NULL) AS factor_count,
       (SELECT count(*) FROM recovery_codes r WHERE r.account_id = a.id AND r.used_at_ms IS NULL) AS recovery_count
FROM accounts a WHERE a.id = $1

-- Of an account that is held, which gives it its version.
-- name: account_set_requires_mfa
-- lane: write
-- in: id uuid, requires_mfa bool
-- out: id uuid
UPDATE accounts SET requires_mfa = $2 WHERE id = $1 RETURNING id

-- The names of the roles an account has, by itself and by its groups.
-- name: account_role_names
-- in: account_id uuid
-- out: role text
SELECT role FROM account_roles WHERE account_id = $1
UNION
SELECT gr.role FROM group_members gm JOIN group_roles gr ON gr.group_id = gm.group_id WHERE gm.account_id = $1
LIMIT 1000

-- name: factor_insert
-- lane: write
-- in: id uuid, account_id uuid, kind text, name text, sealed_secret bytes, now int
-- out:
INSERT INTO factors (id, account_id, kind, name, sealed_secret, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6)

-- name: factor_list
-- in: account_id uuid
-- out: id uuid, kind text, name text, sealed_secret bytes, last_step int, created_at_ms int, confirmed_at_ms int?, last_used_at_ms int?
SELECT id, kind, name, sealed_secret, last_step, created_at_ms, confirmed_at_ms, last_used_at_ms
FROM factors WHERE account_id = $1 ORDER BY id LIMIT 100

-- Enrolments that were never confirmed make room for the next one.
-- name: factor_delete_pending
-- lane: write
-- in: account_id uuid
-- out:
DELETE FROM factors WHERE account_id = $1 AND confirmed_at_ms IS NULL

-- The code that confirms a factor is used by that. No row when it is confirmed already, or too late.
-- name: factor_confirm
-- lane: write
-- in: id uuid, account_id uuid, step int, now int, created_after_ms int
-- out: id uuid
UPDATE factors SET confirmed_at_ms = $4, last_used_at_ms = $4, last_step = $3
WHERE id = $1 AND account_id = $2 AND confirmed_at_ms IS NULL AND created_at_ms > $5
RETURNING id

-- Each step is accepted once, and none before one that was: of any number of uses at once, one gets the row.
-- name: factor_spend_step
-- lane: write
-- in: id uuid, account_id uuid, step int, now int
-- out: id uuid
UPDATE factors SET last_step = $3, last_used_at_ms = $4
WHERE id = $1 AND account_id = $2 AND confirmed_at_ms IS NOT NULL AND last_step < $3
RETURNING id

-- name: factor_rename
-- lane: write
-- in: id uuid, account_id uuid, name text
-- out: id uuid
UPDATE factors SET name = $3 WHERE id = $1 AND account_id = $2 RETURNING id

-- name: factor_delete
-- lane: write
-- in: id uuid, account_id uuid
-- out: id uuid, confirmed_at_ms int?
DELETE FROM factors WHERE id = $1 AND account_id = $2 RETURNING id, confirmed_at_ms

-- name: factor_delete_all
-- lane: write
-- in: account_id uuid
-- out:
DELETE FROM factors WHERE account_id = $1

-- name: recovery_code_insert
-- lane: write
-- in: account_id uuid, code_digest bytes, now int
-- out:
INSERT INTO recovery_codes (account_id, code_digest, created_at_ms) VALUES ($1, $2, $3)

-- name: recovery_code_find
-- in: account_id uuid, code_digest bytes
-- out: created_at_ms int
SELECT created_at_ms FROM recovery_codes WHERE account_id = $1 AND code_digest = $2 AND used_at_ms IS NULL

-- name: recovery_code_spend
-- lane: write
-- in: account_id uuid, code_digest bytes, now int
-- out: created_at_ms int
UPDATE recovery_codes SET used_at_ms = $3
WHERE account_id = $1 AND code_digest = $2 AND used_at_ms IS NULL
RETURNING created_at_ms

-- name: recovery_code_delete_all
-- lane: write
-- in: account_id uuid
-- out:
DELETE FROM recovery_codes WHERE account_id = $1
