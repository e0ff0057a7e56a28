# SPDX-License-Identifier: MIT
"""Every security event there is a row for is written somewhere, and under no other name."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = re.findall(r"^AUDIT_TYPE\((\w+),", (ROOT / "include/auth/model/audit_types.def").read_text(encoding="utf-8"), re.M)


def test_every_type_of_event_is_written_by_the_product():
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.c")))
    assert len(TYPES) >= 75
    unwritten = [name for name in TYPES if not re.search(rf"\bAUDIT_{name}\b", code)]
    assert not unwritten, f"no rule writes {unwritten}"
