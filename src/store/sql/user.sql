-- Accounts as those see them who administer them. Lists are in order of id, after a given one; a filter that is NULL lets all
-- through.

-- name: user_by_id
-- in: id uuid
-- out: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, status text, lock_reason text?, requires_mfa bool, has_password bool, external_id text?, delete_after_ms int?, last_login_at_ms int?, created_at_ms int, updated_at_ms int, version int
SELECT a.id, a.email, a.email_key, a.is_email_verified, a.name, a.locale, a.status, a.lock_reason, a.requires_mfa,
       a.password_hash IS NOT NULL AS has_password, a.external_id, a.delete_after_ms,
       (SELECT MAX(s.created_at_ms) FROM sessions s WHERE s.account_id = a.id) AS last_login_at_ms,
       a.created_at_ms, a.updated_at_ms, a.version
FROM accounts a
WHERE a.id = $1

-- name: user_by_email_key
-- in: email_key text
-- out: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, status text, lock_reason text?, requires_mfa bool, has_password bool, external_id text?, delete_after_ms int?, last_login_at_ms int?, created_at_ms int, updated_at_ms int, version int
SELECT a.id, a.email, a.email_key, a.is_email_verified, a.name, a.locale, a.status, a.lock_reason, a.requires_mfa,
       a.password_hash IS NOT NULL AS has_password, a.external_id, a.delete_after_ms,
       (SELECT MAX(s.created_at_ms) FROM sessions s WHERE s.account_id = a.id) AS last_login_at_ms,
       a.created_at_ms, a.updated_at_ms, a.version
FROM accounts a
WHERE a.email_key = $1

-- name: user_page
-- in: after uuid, status text?, is_verified bool?, created_from_ms int?, created_until_ms int?, email_prefix text?, count int
-- out: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, status text, lock_reason text?, requires_mfa bool, has_password bool, external_id text?, delete_after_ms int?, last_login_at_ms int?, created_at_ms int, updated_at_ms int, version int
SELECT a.id, a.email, a.email_key, a.is_email_verified, a.name, a.locale, a.status, a.lock_reason, a.requires_mfa,
       a.password_hash IS NOT NULL AS has_password, a.external_id, a.delete_after_ms,
       (SELECT MAX(s.created_at_ms) FROM sessions s WHERE s.account_id = a.id) AS last_login_at_ms,
       a.created_at_ms, a.updated_at_ms, a.version
FROM accounts a
WHERE a.id > $1
  AND (a.status = $2 OR $2 IS NULL)
  AND (a.is_email_verified = $3 OR $3 IS NULL)
  AND (a.created_at_ms >= $4 OR $4 IS NULL)
  AND (a.created_at_ms < $5 OR $5 IS NULL)
  AND (substr(a.email_key, 1, length($6)) = $6 OR $6 IS NULL)
ORDER BY a.id LIMIT $7

-- Who has the role, by herself or through a group.
-- name: user_page_of_role
-- in: after uuid, status text?, is_verified bool?, created_from_ms int?, created_until_ms int?, email_prefix text?, role text, count int
-- out: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, status text, lock_reason text?, requires_mfa bool, has_password bool, external_id text?, delete_after_ms int?, last_login_at_ms int?, created_at_ms int, updated_at_ms int, version int
SELECT a.id, a.email, a.email_key, a.is_email_verified, a.name, a.locale, a.status, a.lock_reason, a.requires_mfa,
       a.password_hash IS NOT NULL AS has_password, a.external_id, a.delete_after_ms,
       (SELECT MAX(s.created_at_ms) FROM sessions s WHERE s.account_id = a.id) AS last_login_at_ms,
       a.created_at_ms, a.updated_at_ms, a.version
FROM accounts a
WHERE a.id > $1
  AND (a.status = $2 OR $2 IS NULL)
  AND (a.is_email_verified = $3 OR $3 IS NULL)
  AND (a.created_at_ms >= $4 OR $4 IS NULL)
  AND (a.created_at_ms < $5 OR $5 IS NULL)
  AND (substr(a.email_key, 1, length($6)) = $6 OR $6 IS NULL)
  AND a.id IN (SELECT r.account_id FROM account_roles r WHERE r.role = $7
               UNION
               SELECT m.account_id FROM group_roles g JOIN group_members m ON m.group_id = g.group_id WHERE g.role = $7)
ORDER BY a.id LIMIT $8

-- name: user_page_of_group
-- in: after uuid, status text?, is_verified bool?, created_from_ms int?, created_until_ms int?, email_prefix text?, group_id uuid, count int
-- out: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, status text, lock_reason text?, requires_mfa bool, has_password bool, external_id text?, delete_after_ms int?, last_login_at_ms int?, created_at_ms int, updated_at_ms int, version int
SELECT a.id, a.email, a.email_key, a.is_email_verified, a.name, a.locale, a.status, a.lock_reason, a.requires_mfa,
       a.password_hash IS NOT NULL AS has_password, a.external_id, a.delete_after_ms,
       (SELECT MAX(s.created_at_ms) FROM sessions s WHERE s.account_id = a.id) AS last_login_at_ms,
       a.created_at_ms, a.updated_at_ms, a.version
FROM accounts a
WHERE a.id > $1
  AND (a.status = $2 OR $2 IS NULL)
  AND (a.is_email_verified = $3 OR $3 IS NULL)
  AND (a.created_at_ms >= $4 OR $4 IS NULL)
  AND (a.created_at_ms < $5 OR $5 IS NULL)
  AND (substr(a.email_key, 1, length($6)) = $6 OR $6 IS NULL)
  AND a.id IN (SELECT m.account_id FROM group_members m WHERE m.group_id = $7)
ORDER BY a.id LIMIT $8

-- name: user_insert
-- lane: write
-- in: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, password_hash text?, requires_mfa bool, external_id text?, claims text?, now int
-- out: id uuid
INSERT INTO accounts (id, email, email_key, is_email_verified, name, locale, password_hash, requires_mfa, external_id, claims,
                      password_changed_at_ms, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $11)
ON CONFLICT DO NOTHING
RETURNING id

-- Holds the row until the transaction ends: what follows is decided on what it is then.
-- name: user_hold
-- lane: write
-- in: id uuid, now int
-- out: version int
UPDATE accounts SET version = version + 1, updated_at_ms = $2 WHERE id = $1 RETURNING version

-- name: user_update
-- lane: write
-- in: id uuid, email text, email_key text, is_email_verified bool, name text?, locale text?, requires_mfa bool, external_id text?
-- out: id uuid
UPDATE accounts SET email = $2, email_key = $3, is_email_verified = $4, name = $5, locale = $6, requires_mfa = $7, external_id = $8
WHERE id = $1
  AND NOT EXISTS (SELECT 1 FROM accounts taken WHERE taken.id <> $1 AND (taken.email_key = $3 OR taken.external_id = $8))
RETURNING id

-- name: user_set_status
-- lane: write
-- in: id uuid, status text, lock_reason text?, delete_after_ms int?
-- out:
UPDATE accounts SET status = $2, lock_reason = $3, delete_after_ms = $4 WHERE id = $1

-- The time of the last change is the password's version, so it always grows.
-- name: user_forget_password
-- lane: write
-- in: id uuid, now int
-- out:
UPDATE accounts
SET password_hash = NULL,
    password_changed_at_ms = CASE WHEN $2 > password_changed_at_ms THEN $2 ELSE password_changed_at_ms + 1 END
WHERE id = $1
