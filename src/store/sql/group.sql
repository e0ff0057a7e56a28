-- Groups of people, and the roles they give. Times are Unix milliseconds.

-- name: group_insert
-- lane: write
-- in: id uuid, name text, description text?, now int
-- out: id uuid
INSERT INTO groups (id, name, description, created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (name) DO NOTHING
RETURNING id

-- name: group_by_id
-- in: id uuid
-- out: id uuid, name text, description text?, version int, created_at_ms int, updated_at_ms int
SELECT id, name, description, version, created_at_ms, updated_at_ms FROM groups WHERE id = $1

-- name: group_by_name
-- in: name text
-- out: id uuid, name text, description text?, version int, created_at_ms int, updated_at_ms int
SELECT id, name, description, version, created_at_ms, updated_at_ms FROM groups WHERE name = $1

-- name: group_page
-- in: after uuid, count int
-- out: id uuid, name text, description text?, version int, created_at_ms int, updated_at_ms int
SELECT id, name, description, version, created_at_ms, updated_at_ms
FROM groups WHERE id > $1 ORDER BY id LIMIT $2

-- name: group_page_of_account
-- in: account_id uuid, after uuid, count int
-- out: id uuid, name text, description text?, version int, created_at_ms int, updated_at_ms int
SELECT g.id, g.name, g.description, g.version, g.created_at_ms, g.updated_at_ms
FROM group_members m JOIN groups g ON g.id = m.group_id
WHERE m.account_id = $1 AND g.id > $2 ORDER BY g.id LIMIT $3

-- Each pair says whether the member is changed, and to what.
-- name: group_update
-- lane: write
-- in: id uuid, sets_name bool, name text, sets_description bool, description text?, now int
-- out: id uuid, name text, description text?, version int, created_at_ms int, updated_at_ms int
UPDATE groups SET name = CASE WHEN $2 THEN $3 ELSE name END,
                  description = CASE WHEN $4 THEN $5 ELSE description END,
                  version = version + 1, updated_at_ms = $6
WHERE id = $1
RETURNING id, name, description, version, created_at_ms, updated_at_ms

-- Keeps other changes of the group waiting until the caller's transaction ends.
-- name: group_hold
-- lane: write
-- in: id uuid
-- out: id uuid, name text, description text?, version int, created_at_ms int, updated_at_ms int
UPDATE groups SET version = version WHERE id = $1
RETURNING id, name, description, version, created_at_ms, updated_at_ms

-- name: group_delete
-- lane: write
-- in: id uuid
-- out: id uuid
DELETE FROM groups WHERE id = $1 RETURNING id

-- name: group_member_insert
-- lane: write
-- in: group_id uuid, account_id uuid, now int
-- out: group_id uuid
INSERT INTO group_members (group_id, account_id, added_at_ms) VALUES ($1, $2, $3)
ON CONFLICT (group_id, account_id) DO NOTHING
RETURNING group_id

-- name: group_member_delete
-- lane: write
-- in: group_id uuid, account_id uuid
-- out: group_id uuid
DELETE FROM group_members WHERE group_id = $1 AND account_id = $2 RETURNING group_id

-- A thousand at a time.
-- name: group_member_delete_some
-- lane: write
-- in: group_id uuid
-- out: account_id uuid
DELETE FROM group_members
WHERE group_id = $1 AND account_id IN (SELECT m.account_id FROM group_members m WHERE m.group_id = $1 LIMIT 1000)
RETURNING account_id

-- name: group_member_page
-- in: group_id uuid, after uuid, count int
-- out: account_id uuid, email text, name text?, status text, added_at_ms int
SELECT m.account_id, a.email, a.name, a.status, m.added_at_ms
FROM group_members m JOIN accounts a ON a.id = m.account_id
WHERE m.group_id = $1 AND m.account_id > $2 ORDER BY m.account_id LIMIT $3

-- name: group_role_insert
-- lane: write
-- in: group_id uuid, role text
-- out: role text
INSERT INTO group_roles (group_id, role) VALUES ($1, $2) ON CONFLICT (group_id, role) DO NOTHING RETURNING role

-- name: group_role_delete
-- lane: write
-- in: group_id uuid, role text
-- out: role text
DELETE FROM group_roles WHERE group_id = $1 AND role = $2 RETURNING role

-- name: group_role_delete_all
-- lane: write
-- in: group_id uuid
-- out: role text
DELETE FROM group_roles WHERE group_id = $1 RETURNING role
