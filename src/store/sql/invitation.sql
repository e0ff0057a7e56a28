-- Invitations. Times are Unix milliseconds. Roles are words parted by spaces, groups ids parted by spaces.

-- name: invitation_insert
-- lane: write
-- in: id uuid, email text, email_key text, token_digest bytes, roles text, group_ids text, locale text?, invited_by text, now int, expires_at_ms int
-- out:
INSERT INTO invitations (id, email, email_key, token_digest, roles, group_ids, locale, invited_by, created_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- A new invitation takes the place of those of the same address that nobody has accepted.
-- name: invitation_replace
-- lane: write
-- in: email_key text
-- out:
DELETE FROM invitations WHERE email_key = $1 AND accepted_at_ms IS NULL

-- name: invitation_by_id
-- in: id uuid
-- out: id uuid, email text, email_key text, roles text, group_ids text, locale text?, invited_by text, created_at_ms int, expires_at_ms int, accepted_at_ms int?, account_id uuid?
SELECT id, email, email_key, roles, group_ids, locale, invited_by, created_at_ms, expires_at_ms, accepted_at_ms, account_id
FROM invitations WHERE id = $1

-- A look that uses up nothing.
-- name: invitation_by_token
-- in: token_digest bytes, now int
-- out: id uuid, email text, email_key text, roles text, group_ids text, locale text?, invited_by text, created_at_ms int, expires_at_ms int, accepted_at_ms int?, account_id uuid?
SELECT id, email, email_key, roles, group_ids, locale, invited_by, created_at_ms, expires_at_ms, accepted_at_ms, account_id
FROM invitations WHERE token_digest = $1 AND accepted_at_ms IS NULL AND expires_at_ms > $2

-- name: invitation_page
-- in: after uuid, count int
-- out: id uuid, email text, email_key text, roles text, group_ids text, locale text?, invited_by text, created_at_ms int, expires_at_ms int, accepted_at_ms int?, account_id uuid?
SELECT id, email, email_key, roles, group_ids, locale, invited_by, created_at_ms, expires_at_ms, accepted_at_ms, account_id
FROM invitations WHERE id > $1 ORDER BY id LIMIT $2

-- Used once, for its address, in one step.
-- name: invitation_accept
-- lane: write
-- in: id uuid, email_key text, account_id uuid, now int
-- out: id uuid
UPDATE invitations SET accepted_at_ms = $4, account_id = $3
WHERE id = $1 AND email_key = $2 AND accepted_at_ms IS NULL AND expires_at_ms > $4
RETURNING id

-- One that was accepted stays, as long as the account's beginning is of interest.
-- name: invitation_delete
-- lane: write
-- in: id uuid
-- out: id uuid
DELETE FROM invitations WHERE id = $1 AND accepted_at_ms IS NULL RETURNING id

-- Accepted or not: of the `count` oldest those that are long over.
-- name: invitation_erase_expired
-- lane: write
-- in: expired_before_ms int, count int
-- out:
DELETE FROM invitations
WHERE id IN (SELECT w.id FROM (SELECT id, expires_at_ms FROM invitations ORDER BY id LIMIT $2) AS w
             WHERE w.expires_at_ms < $1)
