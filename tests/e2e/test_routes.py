# SPDX-License-Identifier: MIT
"""Every route has a case here: a test whose name begins with the route's id."""
import pathlib
import re

OPERATIONS = {"livez", "readyz", "metrics"}


def names_of_tests():
    text = "".join(path.read_text(encoding="utf-8") for path in pathlib.Path(__file__).parent.glob("test_*.py"))
    return re.findall(r"^def test_(\w+)", text, re.M)


def test_every_route_has_a_case(client):
    document = client.get("/v1/openapi.json").json()
    ids = {operation["operationId"] for path in document["paths"].values() for operation in path.values()
           if isinstance(operation, dict) and "operationId" in operation}
    assert len(ids) >= 19
    names = names_of_tests()
    without = sorted(route for route in ids | OPERATIONS if not any(name.startswith(route + "_") for name in names))
    assert not without, f"routes without a case: {without}"
