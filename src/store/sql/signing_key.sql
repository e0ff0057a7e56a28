-- Signing keys, sealed.

-- name: signing_key_insert
-- lane: write
-- in: kid text, algorithm text, sealed_key bytes, now int, active_from_ms int
-- out:
INSERT INTO signing_keys (kid, algorithm, sealed_key, created_at_ms, active_from_ms) VALUES ($1, $2, $3, $4, $5)

-- Keys that are published: waiting, signing, or retired and not yet to be removed.
-- name: signing_key_list
-- in: now int
-- out: kid text, algorithm text, sealed_key bytes, created_at_ms int, active_from_ms int, remove_at_ms int?
SELECT kid, algorithm, sealed_key, created_at_ms, active_from_ms, remove_at_ms
FROM signing_keys WHERE remove_at_ms IS NULL OR remove_at_ms > $1
ORDER BY active_from_ms, kid

-- Every older key that has no end yet gets one.
-- name: signing_key_retire_older
-- lane: write
-- in: kid text, remove_at_ms int
-- out: kid text
UPDATE signing_keys SET remove_at_ms = $2 WHERE kid <> $1 AND remove_at_ms IS NULL RETURNING kid

-- name: signing_key_delete_removed
-- lane: write
-- in: now int
-- out:
DELETE FROM signing_keys WHERE remove_at_ms <= $1

-- Held until the transaction ends, so that of two removals the second one sees the first.
-- name: signing_key_hold_all
-- lane: write
-- in:
-- out: kid text
UPDATE signing_keys SET algorithm = algorithm RETURNING kid

-- An end may come earlier than was meant, never later.
-- name: signing_key_retire
-- lane: write
-- in: kid text, remove_at_ms int
-- out:
UPDATE signing_keys SET remove_at_ms = $2 WHERE kid = $1 AND (remove_at_ms IS NULL OR remove_at_ms > $2)
