# SPDX-License-Identifier: MIT
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from edge import Edge  # noqa: E402
from recorder import Recorder  # noqa: E402

if shutil.which("nginx") is None:
    pytest.skip("nginx is not installed", allow_module_level=True)


@pytest.fixture
def upstream():
    recorder = Recorder()
    yield recorder
    try:
        recorder.close()
    except OSError:
        pass  # the test has closed it


@pytest.fixture
def start(upstream):
    """start(NGINX_…="…") runs an nginx in front of `upstream` until the test ends."""
    edges = []

    def run(**settings):
        edges.append(Edge(upstream.port, **settings))
        return edges[-1]

    yield run
    for edge in edges:
        edge.stop()


@pytest.fixture
def edge(start):
    return start()
