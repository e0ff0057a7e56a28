-- What an account is signed in to with, beside its password. Dropped when somebody proves an address that nobody had proved.

-- name: credential_drop_factors
-- lane: write
-- in: account_id uuid
-- out:
DELETE FROM factors WHERE account_id = $1

-- name: credential_drop_recovery_codes
-- lane: write
-- in: account_id uuid
-- out:
DELETE FROM recovery_codes WHERE account_id = $1

-- name: credential_revoke_api_keys
-- lane: write
-- in: account_id uuid, now int
-- out: key_digest bytes
UPDATE api_keys SET revoked_at_ms = $2
WHERE id IN (SELECT w.id FROM (SELECT id FROM api_keys
                               WHERE account_id = $1 AND revoked_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > $2)
                               LIMIT 1000) AS w)
RETURNING key_digest

-- name: credential_drop_devices
-- lane: write
-- in: account_id uuid
-- out:
DELETE FROM known_devices WHERE account_id = $1

-- name: credential_drop_challenges
-- lane: write
-- in: account_id uuid
-- out:
DELETE FROM login_challenges WHERE account_id = $1
