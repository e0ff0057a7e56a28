-- Which replica does a piece of background work. Times are Unix milliseconds.

-- Taken when nobody has it, or longer when it is the holder's own; no row comes back when another one has it.
-- name: job_lease_take
-- lane: write
-- in: name text, holder uuid, expires_at_ms int, now int
-- out: name text
INSERT INTO job_leases (name, holder, expires_at_ms) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET holder = $2, expires_at_ms = $3
WHERE job_leases.expires_at_ms <= $4 OR job_leases.holder = $2
RETURNING name
