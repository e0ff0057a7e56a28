-- What an account may do: itself, its groups, its roles (its own and those of its groups).

-- One statement, so that all of it is of one moment; the generation is the one it was read at.
-- name: rights_of_account
-- in: account_id uuid
-- out: kind text, name text, detail text?, claims text?, generation int
SELECT 'account' AS kind, a.email AS name, a.status AS detail, a.claims AS claims,
       COALESCE((SELECT g.generation FROM rights_generation g WHERE g.id = 1), 0) AS generation
FROM accounts a WHERE a.id = $1
UNION ALL
SELECT 'group', g.name, CAST(NULL AS text), CAST(NULL AS text), 0
FROM group_members m JOIN groups g ON g.id = m.group_id WHERE m.account_id = $1
UNION ALL
SELECT 'role', r.name, r.scopes, CAST(NULL AS text), 0
FROM roles r
WHERE r.name IN (SELECT ar.role FROM account_roles ar WHERE ar.account_id = $1
                 UNION
                 SELECT gr.role FROM group_members m JOIN group_roles gr ON gr.group_id = m.group_id
                 WHERE m.account_id = $1)
ORDER BY 1, 2
LIMIT 1000

-- name: rights_generation
-- in:
-- out: generation int
SELECT COALESCE((SELECT g.generation FROM rights_generation g WHERE g.id = 1), 0) AS generation

-- name: rights_generation_advance
-- lane: write
-- in:
-- out:
INSERT INTO rights_generation (id, generation) VALUES (1, 1)
ON CONFLICT (id) DO UPDATE SET generation = rights_generation.generation + 1

-- NULL takes them away. Of an account that is held, which gives it its version.
-- name: rights_set_claims
-- lane: write
-- in: account_id uuid, claims text?
-- out: id uuid
UPDATE accounts SET claims = $2 WHERE id = $1 RETURNING id
