-- Security events.

-- name: audit_event_insert
-- lane: write
-- in: id uuid, at_ms int, type text, account_id uuid?, session_id uuid?, client_id text?, client_address text?, request_id text?, detail text?, actor text?, subject text?
-- out:
INSERT INTO audit_events (id, at_ms, type, account_id, session_id, client_id, client_address, request_id, detail, actor,
                          subject)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
