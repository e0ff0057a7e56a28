-- Roles: named sets of scopes, and who has them. Times are Unix milliseconds.

-- name: role_insert
-- lane: write
-- in: name text, description text?, scopes text, now int
-- out: name text
INSERT INTO roles (name, description, scopes, created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (name) DO NOTHING
RETURNING name

-- name: role_by_name
-- in: name text
-- out: name text, description text?, scopes text, version int, created_at_ms int, updated_at_ms int
SELECT name, description, scopes, version, created_at_ms, updated_at_ms FROM roles WHERE name = $1

-- name: role_page
-- in: after text, count int
-- out: name text, description text?, scopes text, version int, created_at_ms int, updated_at_ms int
SELECT name, description, scopes, version, created_at_ms, updated_at_ms
FROM roles WHERE name > $1 ORDER BY name LIMIT $2

-- name: role_page_of_account
-- in: account_id uuid, after text, count int
-- out: name text, description text?, scopes text, version int, created_at_ms int, updated_at_ms int
SELECT r.name, r.description, r.scopes, r.version, r.created_at_ms, r.updated_at_ms
FROM account_roles a JOIN roles r ON r.name = a.role
WHERE a.account_id = $1 AND a.role > $2 ORDER BY a.role LIMIT $3

-- name: role_page_of_group
-- in: group_id uuid, after text, count int
-- out: name text, description text?, scopes text, version int, created_at_ms int, updated_at_ms int
SELECT r.name, r.description, r.scopes, r.version, r.created_at_ms, r.updated_at_ms
FROM group_roles g JOIN roles r ON r.name = g.role
WHERE g.group_id = $1 AND g.role > $2 ORDER BY g.role LIMIT $3

-- Each pair says whether the member is changed, and to what.
-- name: role_update
-- lane: write
-- in: name text, sets_description bool, description text?, sets_scopes bool, scopes text, now int
-- out: name text, description text?, scopes text, version int, created_at_ms int, updated_at_ms int
UPDATE roles SET description = CASE WHEN $2 THEN $3 ELSE description END,
                 scopes = CASE WHEN $4 THEN $5 ELSE scopes END,
                 version = version + 1, updated_at_ms = $6
WHERE name = $1
RETURNING name, description, scopes, version, created_at_ms, updated_at_ms

-- name: role_delete
-- lane: write
-- in: name text
-- out: name text
DELETE FROM roles WHERE name = $1 RETURNING name

-- A thousand at a time.
-- name: role_withdraw_some
-- lane: write
-- in: name text
-- out: account_id uuid
DELETE FROM account_roles
WHERE role = $1 AND account_id IN (SELECT a.account_id FROM account_roles a WHERE a.role = $1 LIMIT 1000)
RETURNING account_id

-- name: role_grant
-- lane: write
-- in: account_id uuid, role text, now int
-- out: role text
INSERT INTO account_roles (account_id, role, added_at_ms) VALUES ($1, $2, $3)
ON CONFLICT (account_id, role) DO NOTHING
RETURNING role

-- name: role_withdraw
-- lane: write
-- in: account_id uuid, role text
-- out: role text
DELETE FROM account_roles WHERE account_id = $1 AND role = $2 RETURNING role

-- Keeps every other change of who has the role waiting until the caller's transaction ends.
-- name: role_hold
-- lane: write
-- in: name text
-- out: name text
UPDATE roles SET version = version WHERE name = $1 RETURNING name

-- One active account that has the role, by itself or through a group.
-- name: role_active_holder
-- in: role text
-- out: id uuid
SELECT a.id FROM account_roles r JOIN accounts a ON a.id = r.account_id
WHERE r.role = $1 AND a.status = 'active'
UNION ALL
SELECT a.id FROM group_roles g JOIN group_members m ON m.group_id = g.group_id JOIN accounts a ON a.id = m.account_id
WHERE g.role = $1 AND a.status = 'active'
LIMIT 1
