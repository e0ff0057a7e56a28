-- Accounts in batches. Records are a JSON array whose members "n" count from 0; ids are 16 bytes for each record.

-- The tables grow while plans for them are kept: a plan made for an empty table would read a full one from end to end.
-- name: transfer_plan
-- lane: write
-- in:
-- out:
SET LOCAL enable_seqscan = off
-- dialect: sqlite
UPDATE accounts SET version = version WHERE false

-- CROSS JOIN says in which order SQLite goes: by the few records into the index of the many accounts. A password that was
-- forgotten is none, but there was one: the time of its last change is later than the account's.
-- name: transfer_match
-- lane: read
-- in: records text, ids bytes
-- out: n int, id uuid, external_id text?, email text, email_key text, is_email_verified bool, name text?, locale text?, password_hash text?, had_password bool, status text, requires_mfa bool, claims text?
WITH r AS (SELECT x.n, x.email_key, x.external_id,
                  CAST(encode(substring(CAST($2 AS bytea) FROM CAST(x.n * 16 + 1 AS integer) FOR 16), 'hex') AS uuid) AS id
           FROM json_to_recordset(CAST($1 AS json)) AS x(n bigint, email_key text, external_id text)),
     m AS (SELECT r.n, a.id FROM r JOIN accounts a ON a.email_key = r.email_key
           UNION SELECT r.n, a.id FROM r JOIN accounts a ON a.external_id = r.external_id
           UNION SELECT r.n, a.id FROM r JOIN accounts a ON a.id = r.id)
SELECT m.n, a.id, a.external_id, a.email, a.email_key, a.is_email_verified, a.name, a.locale, a.password_hash,
       a.password_hash IS NOT NULL OR a.password_changed_at_ms > a.created_at_ms AS had_password, a.status, a.requires_mfa, a.claims
FROM m JOIN accounts a ON a.id = m.id ORDER BY m.n
-- dialect: sqlite
WITH r AS (SELECT json_extract(value, '$.n') AS n, json_extract(value, '$.email_key') AS email_key,
                  json_extract(value, '$.external_id') AS external_id,
                  substr($2, json_extract(value, '$.n') * 16 + 1, 16) AS id
           FROM json_each($1)),
     m AS (SELECT r.n, a.id FROM r CROSS JOIN accounts a ON a.email_key = r.email_key
           UNION SELECT r.n, a.id FROM r CROSS JOIN accounts a ON a.external_id = r.external_id
           UNION SELECT r.n, a.id FROM r CROSS JOIN accounts a ON a.id = r.id)
SELECT m.n, a.id, a.external_id, a.email, a.email_key, a.is_email_verified, a.name, a.locale, a.password_hash,
       a.password_hash IS NOT NULL OR a.password_changed_at_ms > a.created_at_ms AS had_password, a.status, a.requires_mfa, a.claims
FROM m CROSS JOIN accounts a ON a.id = m.id ORDER BY m.n

-- Who comes without a password never had one here.
-- name: transfer_insert
-- lane: write
-- in: records text, ids bytes, now int
-- out: id uuid
INSERT INTO accounts (id, external_id, email, email_key, is_email_verified, name, locale, password_hash,
                      password_changed_at_ms, status, requires_mfa, claims, created_at_ms, updated_at_ms)
SELECT CAST(encode(substring(CAST($2 AS bytea) FROM CAST(x.n * 16 + 1 AS integer) FOR 16), 'hex') AS uuid), x.external_id,
       x.email, x.email_key, x.is_email_verified, x.name, x.locale, x.password_hash,
       CASE WHEN x.password_hash IS NULL THEN x.created_at_ms ELSE $3 END, x.status, x.requires_mfa, x.claims,
       x.created_at_ms, $3
FROM json_to_recordset(CAST($1 AS json)) AS x(n bigint, external_id text, email text, email_key text,
     is_email_verified boolean, name text, locale text, password_hash text, status text, requires_mfa boolean, claims text,
     created_at_ms bigint)
ON CONFLICT DO NOTHING
RETURNING id
-- dialect: sqlite
INSERT INTO accounts (id, external_id, email, email_key, is_email_verified, name, locale, password_hash,
                      password_changed_at_ms, status, requires_mfa, claims, created_at_ms, updated_at_ms)
SELECT substr($2, json_extract(value, '$.n') * 16 + 1, 16), json_extract(value, '$.external_id'),
       json_extract(value, '$.email'), json_extract(value, '$.email_key'), json_extract(value, '$.is_email_verified'),
       json_extract(value, '$.name'), json_extract(value, '$.locale'), json_extract(value, '$.password_hash'),
       CASE WHEN json_extract(value, '$.password_hash') IS NULL THEN json_extract(value, '$.created_at_ms') ELSE $3 END,
       json_extract(value, '$.status'), json_extract(value, '$.requires_mfa'), json_extract(value, '$.claims'),
       json_extract(value, '$.created_at_ms'), $3
FROM json_each($1) WHERE true
ON CONFLICT DO NOTHING
RETURNING id

-- Where an address or an external id is another account's, no row comes back. Who was locked since the look stays locked.
-- name: transfer_update
-- lane: write
-- in: id uuid, external_id text?, email text, email_key text, is_email_verified bool, name text?, locale text?, password_hash text?, status text, requires_mfa bool, claims text?, now int
-- out: id uuid
UPDATE accounts
SET external_id = $2, email = $3, email_key = $4, is_email_verified = $5, name = $6, locale = $7,
    password_hash = CASE WHEN password_hash IS NULL AND password_changed_at_ms <= created_at_ms THEN $8 ELSE password_hash END,
    status = CASE WHEN status = 'locked' THEN status ELSE $9 END, requires_mfa = $10,
    claims = $11, version = version + 1, updated_at_ms = $12
WHERE id = $1 AND status <> 'closing'
  AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.id <> $1 AND (o.email_key = $4 OR o.external_id = $2))
RETURNING id

-- Names: a JSON array of texts.
-- name: transfer_known_roles
-- in: names text
-- out: name text
SELECT name FROM roles WHERE name IN (SELECT json_array_elements_text(CAST($1 AS json)))
-- dialect: sqlite
SELECT name FROM roles WHERE name IN (SELECT value FROM json_each($1))

-- name: transfer_known_groups
-- in: names text
-- out: name text
SELECT name FROM groups WHERE name IN (SELECT json_array_elements_text(CAST($1 AS json)))
-- dialect: sqlite
SELECT name FROM groups WHERE name IN (SELECT value FROM json_each($1))

-- name: transfer_make_group
-- lane: write
-- in: id uuid, name text, now int
-- out: id uuid
INSERT INTO groups (id, name, created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $3)
ON CONFLICT (name) DO NOTHING
RETURNING id

-- Records: "n" counts accounts, "name" is what each gets; "n" may repeat.
-- name: transfer_add_roles
-- lane: write
-- in: records text, ids bytes, now int
-- out:
INSERT INTO account_roles (account_id, role, added_at_ms)
SELECT CAST(encode(substring(CAST($2 AS bytea) FROM CAST(x.n * 16 + 1 AS integer) FOR 16), 'hex') AS uuid), o.name, $3
FROM json_to_recordset(CAST($1 AS json)) AS x(n bigint, name text) JOIN roles o ON o.name = x.name
ON CONFLICT DO NOTHING
-- dialect: sqlite
INSERT INTO account_roles (account_id, role, added_at_ms)
SELECT substr($2, json_extract(x.value, '$.n') * 16 + 1, 16), o.name, $3
FROM json_each($1) AS x JOIN roles o ON o.name = json_extract(x.value, '$.name') WHERE true
ON CONFLICT DO NOTHING

-- name: transfer_add_members
-- lane: write
-- in: records text, ids bytes, now int
-- out:
INSERT INTO group_members (group_id, account_id, added_at_ms)
SELECT o.id, CAST(encode(substring(CAST($2 AS bytea) FROM CAST(x.n * 16 + 1 AS integer) FOR 16), 'hex') AS uuid), $3
FROM json_to_recordset(CAST($1 AS json)) AS x(n bigint, name text) JOIN groups o ON o.name = x.name
ON CONFLICT DO NOTHING
-- dialect: sqlite
INSERT INTO group_members (group_id, account_id, added_at_ms)
SELECT o.id, substr($2, json_extract(x.value, '$.n') * 16 + 1, 16), $3
FROM json_each($1) AS x JOIN groups o ON o.name = json_extract(x.value, '$.name') WHERE true
ON CONFLICT DO NOTHING

-- Proven where it came from: it counts from the first sign-in on.
-- name: transfer_add_factor
-- lane: write
-- in: id uuid, account_id uuid, kind text, name text, sealed_secret bytes, now int
-- out:
INSERT INTO factors (id, account_id, kind, name, sealed_secret, created_at_ms, confirmed_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $6)

-- Roles and groups as JSON arrays, or NULL.
-- name: transfer_page
-- in: after uuid, count int
-- out: id uuid, external_id text?, email text, is_email_verified bool, name text?, locale text?, password_hash text?, status text, requires_mfa bool, claims text?, created_at_ms int, roles text?, groups text?
SELECT a.id, a.external_id, a.email, a.is_email_verified, a.name, a.locale, a.password_hash, a.status, a.requires_mfa,
       a.claims, a.created_at_ms,
       (SELECT CAST(json_agg(r.role ORDER BY r.role) AS text) FROM account_roles r WHERE r.account_id = a.id) AS roles,
       (SELECT CAST(json_agg(g.name ORDER BY g.name) AS text)
        FROM group_members m JOIN groups g ON g.id = m.group_id WHERE m.account_id = a.id) AS groups
FROM accounts a WHERE a.id > $1 AND a.status <> 'closing' ORDER BY a.id LIMIT $2
-- dialect: sqlite
SELECT a.id, a.external_id, a.email, a.is_email_verified, a.name, a.locale, a.password_hash, a.status, a.requires_mfa,
       a.claims, a.created_at_ms,
       (SELECT json_group_array(role) FROM (SELECT r.role FROM account_roles r WHERE r.account_id = a.id ORDER BY r.role)
        HAVING count(*) > 0) AS roles,
       (SELECT json_group_array(name) FROM (SELECT g.name FROM group_members m JOIN groups g ON g.id = m.group_id
                                            WHERE m.account_id = a.id ORDER BY g.name) HAVING count(*) > 0) AS groups
FROM accounts a WHERE a.id > $1 AND a.status <> 'closing' ORDER BY a.id LIMIT $2
