-- @renamed from=people
CREATE TABLE users (id INTEGER PRIMARY KEY, -- @renamed from=n
 a TEXT NOT NULL DEFAULT (x) REFERENCES u ON DELETE SET NULL, CHECK (a > 0)) STRICT;
