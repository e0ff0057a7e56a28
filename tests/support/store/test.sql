-- Statements of the store's own tests, over the tables in db_fixture.c.

-- name: item_insert
-- lane: write
-- in: id uuid, number int, is_even bool, label text?, bytes bytes?
-- out:
INSERT INTO items (id, number, is_even, label, bytes) VALUES ($1, $2, $3, $4, $5)

-- name: item_by_id
-- in: id uuid
-- out: id uuid, number int, is_even bool, label text?, bytes bytes?
SELECT id, number, is_even, label, bytes FROM items WHERE id = $1

-- name: item_add
-- lane: write
-- in: id uuid, difference int
-- out: number int
UPDATE items SET number = number + $2 WHERE id = $1 RETURNING number

-- name: item_delete_above
-- lane: write
-- in: number int
-- out:
DELETE FROM items WHERE number > $1

-- name: item_list
-- in: count int
-- out: number int
SELECT number FROM items ORDER BY number LIMIT $1

-- name: item_label_is_text
-- in: id uuid
-- out: label text
SELECT label FROM items WHERE id = $1

-- name: child_insert
-- lane: write
-- in: id uuid, item_id uuid
-- out:
INSERT INTO children (id, item_id) VALUES ($1, $2)

-- The constraint is checked at the commit, where the engine can do that.
-- name: late_insert
-- lane: write
-- in: number int
-- out:
INSERT INTO late (number) VALUES ($1)

-- Zero fails: PostgreSQL says so, SQLite says NULL.
-- name: quotient
-- in: dividend int, divisor int
-- out: quotient int
SELECT CAST($1 AS bigint) / CAST($2 AS bigint) AS quotient

-- name: nap
-- in: ms int
-- out: ms int
SELECT CAST($1 AS integer) AS ms
-- dialect: postgres
SELECT CAST($1 AS bigint) AS ms FROM (SELECT pg_sleep(CAST($1 AS double precision) / 1000)) AS nap

-- Declared as something else than it is.
-- name: wrong_type
-- in:
-- out: number text
SELECT number FROM items

-- name: missing_table
-- in:
-- out: number int
SELECT number FROM nowhere

-- name: bad_cast
-- in: label text
-- out: number int
SELECT CAST($1 AS bigint) AS number
-- dialect: sqlite
SELECT number FROM items WHERE CAST($1 AS text) IS NULL

-- name: wide
-- in:
-- out: number int
SELECT number FROM wide
