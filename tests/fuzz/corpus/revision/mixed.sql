-- revision: 0002
-- down_revision: 0001
-- message: mixed
-- created: 2026-01-05T10:00:00Z
-- phase: expand
-- min_binary: 0002
-- lint:allow rename meant so
-- migrate:up postgres
CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END;
CREATE OR REPLACE FUNCTION g() RETURNS void AS $x$ BEGIN; END $x$ LANGUAGE plpgsql;
/* a /* nested */ comment; */ INSERT INTO t VALUES (E'it\'s', 'it''s', $$;$$, "a;b");
-- migrate:up sqlite
CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; END;
ALTER TABLE t RENAME TO [u v];
-- migrate:down all
DROP TABLE t;
