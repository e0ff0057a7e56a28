-- Runs once, when the data folder of PostgreSQL is made (as the superuser, by psql); by hand:
--   AUTH_MIGRATION_PASSWORD_FILE=… AUTH_PASSWORD_FILE=… psql --file postgres_init.sql postgres
--
-- One database and two roles: one that may change the schema, for migrations alone, and one that may only read and
-- write rows, for serving. Names and passwords come from the environment; a password may be given as …_FILE.
\set ON_ERROR_STOP on

-- A statement that fails would be written to the server's log with the password in it.
SET log_min_error_statement = panic;
SET log_statement = 'none';
SET log_min_duration_statement = -1;

\set database `printf %s "${AUTH_DB:-auth}"`
\set migration_role `printf %s "${AUTH_MIGRATION_USER:-auth_migrations}"`
\set serving_role `printf %s "${AUTH_USER:-auth}"`
\set migration_password `if [ -n "$AUTH_MIGRATION_PASSWORD_FILE" ]; then cat "$AUTH_MIGRATION_PASSWORD_FILE"; else printf %s "$AUTH_MIGRATION_PASSWORD"; fi`
\set serving_password `if [ -n "$AUTH_PASSWORD_FILE" ]; then cat "$AUTH_PASSWORD_FILE"; else printf %s "$AUTH_PASSWORD"; fi`

-- Without a password nobody could sign in, and with an empty one PostgreSQL only warns.
SELECT :'migration_password' = '' OR :'serving_password' = '' AS is_password_missing \gset
\if :is_password_missing
    \warn 'AUTH_MIGRATION_PASSWORD and AUTH_PASSWORD (or …_FILE) are needed'
    SELECT 1 / 0;
\endif

SET password_encryption = 'scram-sha-256';
CREATE ROLE :"migration_role" LOGIN PASSWORD :'migration_password' NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 20;
CREATE ROLE :"serving_role" LOGIN PASSWORD :'serving_password' NOSUPERUSER NOCREATEDB NOCREATEROLE;

-- The owner may do everything within this database, and nothing outside.
CREATE DATABASE :"database" OWNER :"migration_role" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"serving_role";

\connect :"database"
SET log_min_error_statement = panic;

ALTER SCHEMA public OWNER TO :"migration_role";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"serving_role";

-- Rows of whatever tables migrations will make.
ALTER DEFAULT PRIVILEGES FOR ROLE :"migration_role" IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"serving_role";
ALTER DEFAULT PRIVILEGES FOR ROLE :"migration_role" IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO :"serving_role";
