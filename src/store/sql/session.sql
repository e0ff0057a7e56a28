-- Sessions: one row per sign-in. Times are Unix milliseconds.

-- name: session_insert
-- lane: write
-- in: id uuid, account_id uuid, client_id text, scope text, amr text, now int, idle_expires_at_ms int, expires_at_ms int, refresh_digest bytes, client_address text?, user_agent text?, assured_until_ms int
-- out:
INSERT INTO sessions (id, account_id, client_id, scope, amr, created_at_ms, authenticated_at_ms, refreshed_at_ms,
                      idle_expires_at_ms, expires_at_ms, refresh_counter, refresh_digest, client_address, user_agent,
                      assured_until_ms)
VALUES ($1, $2, $3, $4, $5, $6, $6, $6, $7, $8, 0, $9, $10, $11, $12)

-- A living session with its account: what the token gate and the session check need.
-- name: session_by_id
-- in: id uuid
-- out: id uuid, account_id uuid, client_id text, scope text, amr text, created_at_ms int, authenticated_at_ms int, refreshed_at_ms int, idle_expires_at_ms int, expires_at_ms int, refresh_counter int, client_address text?, user_agent text?, ended_at_ms int?, account_status text, account_email text, has_rights bool, assured_until_ms int, requires_mfa bool
SELECT s.id, s.account_id, s.client_id, s.scope, s.amr, s.created_at_ms, s.authenticated_at_ms, s.refreshed_at_ms,
       s.idle_expires_at_ms, s.expires_at_ms, s.refresh_counter, s.client_address, s.user_agent, s.ended_at_ms,
       a.status AS account_status, a.email AS account_email,
       (a.claims IS NOT NULL OR EXISTS (SELECT 1 FROM account_roles r WHERE r.account_id = a.id)
        OR EXISTS (SELECT 1 FROM group_members m WHERE m.account_id = a.id)) AS has_rights, s.assured_until_ms,
       a.requires_mfa
FROM sessions s JOIN accounts a ON a.id = s.account_id
WHERE s.id = $1

-- Newest first: ids sort by time.
-- name: session_page
-- in: account_id uuid, now int, before uuid, count int
-- out: id uuid, account_id uuid, client_id text, scope text, amr text, created_at_ms int, authenticated_at_ms int, refreshed_at_ms int, idle_expires_at_ms int, expires_at_ms int, refresh_counter int, client_address text?, user_agent text?, ended_at_ms int?, account_status text, account_email text, has_rights bool, assured_until_ms int, requires_mfa bool
SELECT s.id, s.account_id, s.client_id, s.scope, s.amr, s.created_at_ms, s.authenticated_at_ms, s.refreshed_at_ms,
       s.idle_expires_at_ms, s.expires_at_ms, s.refresh_counter, s.client_address, s.user_agent, s.ended_at_ms,
       a.status AS account_status, a.email AS account_email,
       (a.claims IS NOT NULL OR EXISTS (SELECT 1 FROM account_roles r WHERE r.account_id = a.id)
        OR EXISTS (SELECT 1 FROM group_members m WHERE m.account_id = a.id)) AS has_rights, s.assured_until_ms,
       a.requires_mfa
FROM sessions s JOIN accounts a ON a.id = s.account_id
WHERE s.account_id = $1 AND s.ended_at_ms IS NULL AND s.expires_at_ms > $2 AND s.idle_expires_at_ms > $2 AND s.id < $3
ORDER BY s.id DESC LIMIT $4

-- Rotation: only the current token of a living session of this client moves the counter on. Two factors count on while
-- the session is used, up to their time after they were given; once lapsed they stay so.
-- name: session_rotate
-- lane: write
-- in: id uuid, counter int, digest bytes, next_digest bytes, client_id text, now int, idle_expires_at_ms int, assured_until_ms int, assured_ms int
-- out: id uuid, account_id uuid, client_id text, scope text, amr text, created_at_ms int, authenticated_at_ms int, refreshed_at_ms int, idle_expires_at_ms int, expires_at_ms int, refresh_counter int, client_address text?, user_agent text?, ended_at_ms int?, account_status text?, account_email text?, has_rights bool?, assured_until_ms int, requires_mfa bool?
UPDATE sessions
SET refresh_counter = refresh_counter + 1, refresh_digest = $4, refreshed_at_ms = $6,
    idle_expires_at_ms = CASE WHEN $7 < expires_at_ms THEN $7 ELSE expires_at_ms END,
    assured_until_ms = CASE WHEN assured_until_ms <= $6 THEN 0
                            WHEN $8 < authenticated_at_ms + $9 THEN $8
                            ELSE authenticated_at_ms + $9 END
WHERE id = $1 AND refresh_counter = $2 AND refresh_digest = $3 AND client_id = $5
  AND ended_at_ms IS NULL AND expires_at_ms > $6 AND idle_expires_at_ms > $6
RETURNING id, account_id, client_id, scope, amr, created_at_ms, authenticated_at_ms, refreshed_at_ms,
          idle_expires_at_ms, expires_at_ms, refresh_counter, client_address, user_agent, ended_at_ms,
          (SELECT a.status FROM accounts a WHERE a.id = sessions.account_id) AS account_status,
          (SELECT a.email FROM accounts a WHERE a.id = sessions.account_id) AS account_email,
          (SELECT a.claims IS NOT NULL OR EXISTS (SELECT 1 FROM account_roles r WHERE r.account_id = a.id)
                  OR EXISTS (SELECT 1 FROM group_members m WHERE m.account_id = a.id)
           FROM accounts a WHERE a.id = sessions.account_id) AS has_rights, assured_until_ms,
          (SELECT a.requires_mfa FROM accounts a WHERE a.id = sessions.account_id) AS requires_mfa

-- A fresh authentication of a session that goes on. The counter moves by two: the grace for a repeated refresh, which is
-- for the immediate parent alone, does not hand what was proved now to the token of before.
-- name: session_reauthenticate
-- lane: write
-- in: id uuid, account_id uuid, counter int, next_digest bytes, amr text, now int, idle_expires_at_ms int, assured_until_ms int
-- out: id uuid, account_id uuid, client_id text, scope text, amr text, created_at_ms int, authenticated_at_ms int, refreshed_at_ms int, idle_expires_at_ms int, expires_at_ms int, refresh_counter int, client_address text?, user_agent text?, ended_at_ms int?, account_status text?, account_email text?, has_rights bool?, assured_until_ms int, requires_mfa bool?
UPDATE sessions
SET refresh_counter = refresh_counter + 2, refresh_digest = $4, amr = $5, authenticated_at_ms = $6, refreshed_at_ms = $6,
    idle_expires_at_ms = CASE WHEN $7 < expires_at_ms THEN $7 ELSE expires_at_ms END,
    assured_until_ms = $8
WHERE id = $1 AND account_id = $2 AND refresh_counter = $3
  AND ended_at_ms IS NULL AND expires_at_ms > $6 AND idle_expires_at_ms > $6
RETURNING id, account_id, client_id, scope, amr, created_at_ms, authenticated_at_ms, refreshed_at_ms,
          idle_expires_at_ms, expires_at_ms, refresh_counter, client_address, user_agent, ended_at_ms,
          (SELECT a.status FROM accounts a WHERE a.id = sessions.account_id) AS account_status,
          (SELECT a.email FROM accounts a WHERE a.id = sessions.account_id) AS account_email,
          (SELECT a.claims IS NOT NULL OR EXISTS (SELECT 1 FROM account_roles r WHERE r.account_id = a.id)
                  OR EXISTS (SELECT 1 FROM group_members m WHERE m.account_id = a.id)
           FROM accounts a WHERE a.id = sessions.account_id) AS has_rights, assured_until_ms,
          (SELECT a.requires_mfa FROM accounts a WHERE a.id = sessions.account_id) AS requires_mfa

-- name: session_end
-- lane: write
-- in: id uuid, account_id uuid, now int, reason text
-- out: id uuid
UPDATE sessions SET ended_at_ms = $3, end_reason = $4
WHERE id = $1 AND account_id = $2 AND ended_at_ms IS NULL
RETURNING id

-- All sessions of an account but the one kept (the nil id keeps none), a thousand at a time.
-- name: session_end_all
-- lane: write
-- in: account_id uuid, kept_id uuid, now int, reason text, unexpired_at_ms int
-- out: id uuid
UPDATE sessions SET ended_at_ms = $3, end_reason = $4
WHERE id IN (SELECT id FROM sessions
             WHERE account_id = $1 AND id <> $2 AND ended_at_ms IS NULL
               AND expires_at_ms > $5 AND idle_expires_at_ms > $5
             LIMIT 1000)
RETURNING id

-- The oldest sessions beyond the number allowed.
-- name: session_end_oldest
-- lane: write
-- in: account_id uuid, kept int, now int, reason text
-- out: id uuid
UPDATE sessions SET ended_at_ms = $3, end_reason = $4
WHERE id IN (SELECT id FROM sessions
             WHERE account_id = $1 AND ended_at_ms IS NULL AND expires_at_ms > $3 AND idle_expires_at_ms > $3
             ORDER BY created_at_ms DESC, id DESC LIMIT 1000 OFFSET $2)
RETURNING id

-- Ids sort by the time they were made at: the oldest come first.
-- name: session_erase_expired
-- lane: write
-- in: expired_before_ms int, count int
-- out:
DELETE FROM sessions
WHERE id IN (SELECT w.id FROM (SELECT id, expires_at_ms FROM sessions ORDER BY id LIMIT $2) AS w
             WHERE w.expires_at_ms < $1)
