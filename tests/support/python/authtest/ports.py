# SPDX-License-Identifier: MIT
"""Ports for servers that tests start."""
import random
import socket

# Below the range that the system itself takes ports from, so that no outgoing connection gets in between.
RANGE = (16000, 32000)
_given = set()


def free_port():
    """A port nobody listens on, and never the same one twice."""
    while True:
        port = random.randrange(*RANGE)
        if port in _given:
            continue
        try:
            socket.create_server(("", port)).close()
        except OSError:
            continue
        _given.add(port)
        return port
