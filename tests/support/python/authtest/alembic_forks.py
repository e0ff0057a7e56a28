# SPDX-License-Identifier: MIT
"""Runs Alembic's command line many times with one import: each command is a child of this process.

Reads a line of JSON {"folder", "words"} for each, answers with a line {"status", "out", "err"}.
"""
import json
import os
import sys
import tempfile

import alembic.config
import sqlalchemy  # pylint: disable=unused-import  # what env.py imports, once for all


def run(folder, words):
    """As the program `alembic` would: exit status, standard output, standard error."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            status = 0
            try:
                alembic.config.main(argv=words, prog="alembic")
            except SystemExit as end:
                status = 255 if end.code == -1 else end.code or 0
            except BaseException as error:  # pylint: disable=broad-except
                print(repr(error), file=sys.stderr)
                status = 1
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        _, ended = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        return {"status": os.waitstatus_to_exitcode(ended), "out": out.read().decode(), "err": err.read().decode()}


def main():
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(run(order["folder"], order["words"])), flush=True)


if __name__ == "__main__":
    main()
