# SPDX-License-Identifier: MIT
"""Where the clients find the support for tests."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))
