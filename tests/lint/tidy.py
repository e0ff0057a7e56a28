# SPDX-License-Identifier: MIT
"""Runs clang-tidy on each source of src/, again only where the source or what it includes has changed.

    tests/lint/tidy.py <build folder of clang>
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def dependencies(folder):
    """What each object was made from, by Ninja's own notes: output -> list of files."""
    text = subprocess.run(["ninja", "-C", str(folder), "-t", "deps"], check=True, capture_output=True, text=True).stdout
    found, files = {}, []
    for line in text.splitlines():
        if line.startswith("    "):
            files.append(line.strip())
        elif ": #deps" in line:
            files = found[line.split(":")[0]] = []
    return found


def fingerprint(files, digests):
    """Digest of all files together with the configuration; `digests` remembers each file's."""
    whole = hashlib.sha256()
    for name in sorted({str(ROOT / ".clang-tidy"), *files}):
        if name not in digests:
            digests[name] = hashlib.sha256(pathlib.Path(name).read_bytes()).digest()
        whole.update(name.encode() + digests[name])
    return whole.hexdigest()


def tidy(folder, source):
    done = subprocess.run(["clang-tidy", "-p", str(folder), "--quiet", source], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + ("" if done.returncode == 0 else done.stderr)


def sources_of(folder):
    """Sources of the product and their objects."""
    for entry in json.loads((folder / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["file"])
        if source.is_relative_to(ROOT / "src"):
            words = shlex.split(entry["command"])
            yield str(source), words[words.index("-o") + 1]


def check(folder, source, files, digests):
    """Nothing when it was found clean before and nothing has changed since."""
    stamp = folder / "tidy" / (os.path.relpath(source, ROOT).replace("/", "_") + ".clean")
    mark = fingerprint([source, *(name if name.startswith("/") else str(folder / name) for name in files)], digests)
    if stamp.exists() and stamp.read_text() == mark:
        return 0, ""
    status, output = tidy(folder, source)
    if status == 0:
        stamp.write_text(mark)
    return status, output


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    (folder / "tidy").mkdir(exist_ok=True)
    notes, digests = dependencies(folder), {}
    sources = dict(sources_of(folder))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check, folder, source, notes.get(output, []), digests) for source, output in sources.items()]
        results = [job.result() for job in jobs]
    print("".join(output for status, output in results if status != 0), end="")
    return int(any(status != 0 for status, _ in results))


if __name__ == "__main__":
    sys.exit(main())
