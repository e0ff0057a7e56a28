-- Security events, their chain and its checkpoints.

-- name: audit_event_insert
-- lane: write
-- in: id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?, address_digest bytes?
-- out:
INSERT INTO audit_events (id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor,
                          subject, address_digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- Events without a place in the chain, in the order in which they get one.
-- name: audit_event_unchained
-- in: count int
-- out: seq int?, id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?, address_digest bytes?, chain_hash bytes?
SELECT seq, id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor, subject,
       address_digest, chain_hash
FROM audit_events WHERE seq IS NULL ORDER BY at_ms, id LIMIT $1
-- Left to itself SQLite takes the index of places, and sorts everything that has none for each batch.
-- dialect: sqlite
SELECT seq, id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor, subject,
       address_digest, chain_hash
FROM audit_events INDEXED BY audit_events_unchained WHERE seq IS NULL ORDER BY at_ms, id LIMIT $1

-- Places for a batch: `places` holds 48 bytes for each event, its id and its hash.
-- name: audit_event_chain
-- lane: write
-- in: first_seq int, places bytes, count int
-- out:
UPDATE audit_events SET seq = v.seq, chain_hash = v.chain_hash
FROM (SELECT $1 + n.n AS seq,
             CAST(encode(substring($2 FROM CAST(n.n AS integer) * 48 + 1 FOR 16), 'hex') AS uuid) AS id,
             substring($2 FROM CAST(n.n AS integer) * 48 + 17 FOR 32) AS chain_hash
      FROM generate_series(CAST(0 AS bigint), $3 - 1) AS n(n)) AS v
WHERE audit_events.id = v.id AND audit_events.seq IS NULL
-- dialect: sqlite
WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < $3)
UPDATE audit_events SET seq = v.seq, chain_hash = v.chain_hash
FROM (SELECT $1 + n AS seq, substr($2, n * 48 + 1, 16) AS id, substr($2, n * 48 + 17, 32) AS chain_hash FROM n) AS v
WHERE audit_events.id = v.id AND audit_events.seq IS NULL

-- name: audit_chain_end
-- in:
-- out: last_seq int, last_hash bytes, last_tag bytes?, checkpoint_seq int?, checkpoint_at_ms int?
SELECT c.last_seq, c.last_hash, c.last_tag, p.seq AS checkpoint_seq, p.at_ms AS checkpoint_at_ms
FROM audit_chain c LEFT JOIN audit_checkpoints p ON p.seq = (SELECT max(k.seq) FROM audit_checkpoints k)
WHERE c.id = 1

-- Only from where it was read: of two servers that chain at once, one wins, and the other begins anew.
-- name: audit_chain_advance
-- lane: write
-- in: old_seq int, old_hash bytes, new_seq int, new_hash bytes, new_tag bytes
-- out: last_seq int
UPDATE audit_chain SET last_seq = $3, last_hash = $4, last_tag = $5
WHERE id = 1 AND last_seq = $1 AND last_hash = $2
RETURNING last_seq

-- name: audit_event_after
-- in: after int, count int
-- out: seq int?, id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?, address_digest bytes?, chain_hash bytes?
SELECT seq, id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor, subject,
       address_digest, chain_hash
FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT $2

-- name: audit_event_pending
-- in:
-- out: count int
SELECT count(*) AS count FROM audit_events WHERE seq IS NULL

-- The place of the first event made at an id's time or later; ids sort by time.
-- name: audit_event_seq_from_id
-- in: id uuid
-- out: seq int?
SELECT seq FROM audit_events WHERE id >= $1 ORDER BY id LIMIT 1

-- The place of the last event made at an id's time or earlier.
-- name: audit_event_seq_to_id
-- in: id uuid
-- out: seq int?
SELECT seq FROM audit_events WHERE id <= $1 ORDER BY id DESC LIMIT 1

-- Filters: an absent one lets everything pass. Three ways through the table, each both ways: along the chain, by account,
-- by type.
-- name: audit_event_oldest
-- in: after int, before int, type text?, account_id uuid?, client_id text?, actor text?, since_ms int, until_ms int, count int
-- out: seq int?, id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?, address_digest bytes?, chain_hash bytes?
SELECT seq, id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor, subject,
       address_digest, chain_hash
FROM audit_events
WHERE seq > $1 AND seq < $2 AND ($3 IS NULL OR type = $3) AND ($4 IS NULL OR account_id = $4)
  AND ($5 IS NULL OR client_id = $5) AND ($6 IS NULL OR actor = $6) AND at_ms >= $7 AND at_ms < $8
ORDER BY seq LIMIT $9

-- name: audit_event_newest
-- in: after int, before int, type text?, account_id uuid?, client_id text?, actor text?, since_ms int, until_ms int, count int
-- out: seq int?, id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?, address_digest bytes?, chain_hash bytes?
SELECT seq, id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor, subject,
       address_digest, chain_hash
FROM audit_events
WHERE seq > $1 AND seq < $2 AND ($3 IS NULL OR type = $3) AND ($4 IS NULL OR account_id = $4)
  AND ($5 IS NULL OR client_id = $5) AND ($6 IS NULL OR actor = $6) AND at_ms >= $7 AND at_ms < $8
ORDER BY seq DESC LIMIT $9

-- name: audit_event_oldest_of_account
-- in: after int, before int, type text?, account_id uuid?, client_id text?, actor text?, since_ms int, until_ms int, count int
-- out: seq int?, id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?, address_digest bytes?, chain_hash bytes?
SELECT seq, id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor, subject,
       address_digest, chain_hash
FROM audit_events
WHERE seq > $1 AND seq < $2 AND ($3 IS NULL OR type = $3) AND account_id = $4
  AND ($5 IS NULL OR client_id = $5) AND ($6 IS NULL OR actor = $6) AND at_ms >= $7 AND at_ms < $8
ORDER BY seq LIMIT $9

-- name: audit_event_newest_of_account
-- in: after int, before int, type text?, account_id uuid?, client_id text?, actor text?, since_ms int, until_ms int, count int
-- out: seq int?, id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?, address_digest bytes?, chain_hash bytes?
SELECT seq, id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor, subject,
       address_digest, chain_hash
FROM audit_events
WHERE seq > $1 AND seq < $2 AND ($3 IS NULL OR type = $3) AND account_id = $4
  AND ($5 IS NULL OR client_id = $5) AND ($6 IS NULL OR actor = $6) AND at_ms >= $7 AND at_ms < $8
ORDER BY seq DESC LIMIT $9

-- name: audit_event_oldest_of_type
-- in: after int, before int, type text?, account_id uuid?, client_id text?, actor text?, since_ms int, until_ms int, count int
-- out: seq int?, id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?, address_digest bytes?, chain_hash bytes?
SELECT seq, id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor, subject,
       address_digest, chain_hash
FROM audit_events
WHERE seq > $1 AND seq < $2 AND type = $3 AND ($4 IS NULL OR account_id = $4)
  AND ($5 IS NULL OR client_id = $5) AND ($6 IS NULL OR actor = $6) AND at_ms >= $7 AND at_ms < $8
ORDER BY seq LIMIT $9

-- name: audit_event_newest_of_type
-- in: after int, before int, type text?, account_id uuid?, client_id text?, actor text?, since_ms int, until_ms int, count int
-- out: seq int?, id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?, address_digest bytes?, chain_hash bytes?
SELECT seq, id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor, subject,
       address_digest, chain_hash
FROM audit_events
WHERE seq > $1 AND seq < $2 AND type = $3 AND ($4 IS NULL OR account_id = $4)
  AND ($5 IS NULL OR client_id = $5) AND ($6 IS NULL OR actor = $6) AND at_ms >= $7 AND at_ms < $8
ORDER BY seq DESC LIMIT $9

-- name: audit_checkpoint_insert
-- lane: write
-- in: seq int, chain_hash bytes, at_ms int, signature text, public_key text, key_tag bytes
-- out:
INSERT INTO audit_checkpoints (seq, chain_hash, at_ms, signature, public_key, key_tag) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (seq) DO NOTHING

-- name: audit_checkpoint_after
-- in: after int, count int
-- out: seq int, chain_hash bytes, at_ms int, signature text, public_key text, key_tag bytes, is_start bool
SELECT seq, chain_hash, at_ms, signature, public_key, key_tag, is_start
FROM audit_checkpoints WHERE seq > $1 ORDER BY seq LIMIT $2

-- The last one at a place or before it, and the one from which on everything is still there.
-- name: audit_checkpoint_until
-- in: seq int
-- out: seq int, chain_hash bytes, at_ms int, signature text, public_key text, key_tag bytes, is_start bool
SELECT seq, chain_hash, at_ms, signature, public_key, key_tag, is_start
FROM audit_checkpoints WHERE seq <= $1 ORDER BY seq DESC LIMIT 1

-- name: audit_checkpoint_start
-- in:
-- out: seq int, chain_hash bytes, at_ms int, signature text, public_key text, key_tag bytes, is_start bool
SELECT seq, chain_hash, at_ms, signature, public_key, key_tag, is_start
FROM audit_checkpoints WHERE is_start ORDER BY seq DESC LIMIT 1
-- dialect: sqlite
SELECT seq, chain_hash, at_ms, signature, public_key, key_tag, is_start
FROM audit_checkpoints WHERE is_start = 1 ORDER BY seq DESC LIMIT 1

-- A key that signed checkpoints, also when it has been retired since.
-- name: audit_checkpoint_keys
-- in: count int
-- out: public_key text, key_tag bytes
SELECT DISTINCT public_key, key_tag FROM audit_checkpoints LIMIT $1

-- The last one made by then.
-- name: audit_checkpoint_by_time
-- in: at_ms int
-- out: seq int, chain_hash bytes, at_ms int, signature text, public_key text, key_tag bytes, is_start bool
SELECT seq, chain_hash, at_ms, signature, public_key, key_tag, is_start
FROM audit_checkpoints WHERE at_ms <= $1 ORDER BY seq DESC LIMIT 1

-- The database lets events up to it be erased from now on.
-- name: audit_checkpoint_mark_start
-- lane: write
-- in: seq int
-- out:
UPDATE audit_checkpoints SET is_start = true WHERE seq = $1 AND NOT is_start
-- dialect: sqlite
UPDATE audit_checkpoints SET is_start = 1 WHERE seq = $1 AND is_start = 0

-- name: audit_event_erase
-- lane: write
-- in: seq int, count int
-- out:
DELETE FROM audit_events
WHERE seq IN (SELECT w.seq FROM audit_events AS w WHERE w.seq <= $1 ORDER BY w.seq LIMIT $2)

-- name: audit_event_forget_addresses
-- lane: write
-- in: before_ms int, count int
-- out:
UPDATE audit_events SET client_address = NULL
WHERE id IN (SELECT w.id FROM audit_events AS w
             WHERE w.client_address IS NOT NULL AND w.at_ms < $1 ORDER BY w.at_ms LIMIT $2)
