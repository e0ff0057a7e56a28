# SPDX-License-Identifier: MIT
"""Where a statement ends is decided as psql decides it. psql is given the same text and a server that only listens: each
message it sends is one statement. The texts are the SQL that PostgreSQL itself ships, every rule of psql's scanner, and both
at random."""
import pathlib
import random
import re
import socket
import struct
import subprocess
import threading

import pytest
from authtest.servers import postgres_programs
from authtest.service import BINARY

SHIPPED = sorted(pathlib.Path("/usr/share/postgresql").glob("*/*.sql")) + \
    sorted(pathlib.Path("/usr/share/postgresql").glob("*/extension/*.sql"))

RULES = r"""
SELECT 1; SELECT 2;;; SELECT 3
; SELECT 'a;b', 'it''s; ', '\'; SELECT "a;""b;"; SELECT E'a\';b', e'\\'; SELECT U&'d\0061;', U&"d\0061;"; SELECT N'a;', B'1;', X'1;';
SELECT 'continued;'
  ';here', E'continued\';'
   ';here', E'a\';' -- with a comment
  'b;' ; SELECT E'a' /* no line end */ '\'; SELECT 1;
SELECT $$;$$, $a$;$$;$b$;$a$, $A$;$a$;$A$, $é$;$é$; SELECT a$b$c; SELECT d$$; SELECT $1, $2; SELECT 1$x$;$x$; SELECT $1$x$;$x$;
SELECT $1a$ ; $1a$; SELECT $ ; SELECT $a ; SELECT a$; SELECT $$unquoted $ inside;$ $$;
SELECT 1 /* ; /* ; */ ; */ + 2; SELECT 1 -- ;
 + 2; /* only; a comment; */ ; -- only; a comment;
/* before; */ SELECT /* within; */ 1 /* behind; */; SELECT 4 */* op; */ 2; SELECT @-- op;
 3; SELECT 1 <-/* ; */ 2; SELECT 5 - - 3; SELECT 1/**/;SELECT 2/***/;SELECT 3/*/ ; */;SELECT 4/* * / ; **/;
CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v; (SELECT 1;) ); SELECT (1; 2); SELECT ')'; SELECT 1); SELECT 2;
CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 1;
CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC; SELECT (CASE WHEN true THEN 1 END); END; SELECT 1;
CREATE PROCEDURE p() begin atomic INSERT INTO t VALUES (1); End; SELECT 1; CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC END; SELECT 1;
CREATE FUNCTION g("begin" int) RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2'; SELECT 3;
CREATE FUNCTION h(begin int, a int DEFAULT (CASE WHEN true THEN 1 END)) RETURNS int RETURN 1; SELECT 3;
CREATE TABLE begin (i int); BEGIN; SELECT CASE WHEN true THEN 1 END; END; CREATE VIEW v AS SELECT 1 AS begin; SELECT 2;
CREATE /* comment; */ FUNCTION -- comment;
 k() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT 2;
DO $do$ BEGIN PERFORM 1; END; $do$; SELECT a[1:2], b::text, 'x'::text; SELECT 1e5; SELECT .5; SELECT 1.; SELECT 1.e3; SELECT 0x1F;
SELECT "unterminated""; identifier"; SELECT 'ä;ö', "ü;", ß; SELECT 2 END; CREATE TRIGGER t BEFORE INSERT ON x EXECUTE FUNCTION f();
SELECT 'the end is missing; SELECT 1;
"""

# Parts that are whole in themselves; put behind each other without space they become others.
PARTS = ["'a;'", "''", "'it''s;'", '"a;"', '"a"";"', "$$;$$", "$a$;$$;$a$", "$1 ", "a", "b$", "1 ", "1.5 ", "e", "/* ; */",
         "/* /* ; */ ; */", "-- ;\n", "-", "/", "*", "(", ")", "(;)", ";", ";", ";", " ", "\n", "\n", "SELECT", " BEGIN ", " END ",
         " CASE ", "CREATE FUNCTION f() ", ";CREATE OR REPLACE PROCEDURE p ", "ä", "[", "]", ",", "@"]
ESCAPES = [" E'a\\';'", " e'\\\\'", " E''", "'plain;'", "''", " ", ";", " -- ;", ", E'\\\\\\';'", "/* ' */", " U&'a;'", "(", ")"]


class Listener:
    """Takes one session of psql and keeps what it asks."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.asked = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @staticmethod
    def _message(kind, body):
        return kind + struct.pack("!I", len(body) + 4) + body

    @staticmethod
    def _take(stream, count):
        taken = stream.read(count)
        if len(taken) < count:
            raise EOFError
        return taken

    def _serve(self):
        connection, _ = self.server.accept()
        with connection, connection.makefile("rb") as stream:
            try:
                self._take(stream, struct.unpack("!I", self._take(stream, 4))[0] - 4)
                told = b"".join(self._message(b"S", f"{name}\0{value}\0".encode()) for name, value in
                                (("standard_conforming_strings", "on"), ("client_encoding", "UTF8"), ("server_version", "15.0")))
                ready = self._message(b"Z", b"I")
                connection.sendall(self._message(b"R", struct.pack("!I", 0)) + told + ready)
                while True:
                    kind = self._take(stream, 1)
                    body = self._take(stream, struct.unpack("!I", self._take(stream, 4))[0] - 4)
                    if kind == b"X":
                        return
                    self.asked.append(body.rstrip(b"\0").decode())
                    connection.sendall(self._message(b"C", b"SELECT 0\0") + ready)
            except EOFError:
                return

    def finish(self):
        self.thread.join(20)
        self.server.close()
        return self.asked


def without_blanks(statement):
    """From its first word on; psql keeps comments that stand before."""
    text = statement
    while True:
        text = text.lstrip(" \t\n\r\f\v")
        if text.startswith("--"):
            text = text[text.find("\n") + 1:] if "\n" in text else ""
        elif text.startswith("/*"):
            depth, place = 1, 2
            while depth and place < len(text):
                step = {"/*": 1, "*/": -1}.get(text[place:place + 2], 0)
                depth += step
                place += 2 if step else 1
            text = text[place:]
        else:
            return text


def pieces(found):
    """Statements without what stands before and behind them; empty ones are none."""
    bare = (without_blanks(statement).rstrip().removesuffix(";") for statement in found)
    # psql leaves empty lines out.
    return [re.sub(r"\s+", " ", statement).strip() for statement in bare if statement.strip()]


def of_psql(text):
    listener = Listener()
    done = subprocess.run([f"{postgres_programs()}/psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(listener.port), "-U", "x",
                           "-d", "x", "-f", "-"], input=text, capture_output=True, text=True, check=False, timeout=60,
                          env={"PGSSLMODE": "disable", "PGGSSENCMODE": "disable", "PGCLIENTENCODING": "UTF8", "LANG": "C.UTF-8"})
    assert done.returncode in (0, 3), done.stderr
    return pieces(listener.finish())


def of_ours(text):
    program = pathlib.Path(BINARY).parent / "split_sql"
    assert program.exists(), f"{program} is not built: ninja -C {program.parent} split_sql"
    done = subprocess.run([str(program)], input=text.encode(), capture_output=True, check=True, timeout=60)
    return pieces(done.stdout.decode().split("\0"))


def same(text):
    ours, theirs = of_ours(text), of_psql(text)
    for number, (mine, other) in enumerate(zip(ours, theirs)):
        assert mine == other, (number, ours[max(0, number - 1):number + 1])
    assert len(ours) == len(theirs), (ours[len(theirs):], theirs[len(ours):])
    return len(ours)


def test_the_sql_that_postgres_ships_is_cut_as_psql_cuts_it():
    if not SHIPPED:
        pytest.skip("no SQL of PostgreSQL is installed")
    text = "\n".join(line for path in SHIPPED for line in path.read_text(encoding="utf-8").splitlines()
                     if not line.startswith("\\"))
    assert same(text) > 1000


def test_every_rule_of_psql_is_ours():
    assert same(RULES) > 60
    for block in RULES.strip().split(";\n"):
        same(block + ";\n")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("parts", [PARTS, ESCAPES], ids=["marks", "escapes"])
def test_what_is_put_together_at_random_is_cut_alike(parts, seed):
    generator = random.Random(seed)
    text = "".join(generator.choice(parts) for _ in range(4000))
    same(text)
