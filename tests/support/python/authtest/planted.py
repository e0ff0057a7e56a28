# SPDX-License-Identifier: MIT
"""Every password, token and key a test uses is noted here; at the end no log may hold one."""
import secrets

PLANTED = set()
SHORTEST = 8  # a shorter word may stand in a log by chance


def plant(value):
    """Notes a secret and returns it."""
    if isinstance(value, str) and len(value) >= SHORTEST:
        PLANTED.add(value)
    return value


def new_password():
    return plant("Pw-" + secrets.token_urlsafe(15))


def plant_tokens(document):
    """Notes what a token response or a new client carries."""
    if isinstance(document, dict):
        for name in ("access_token", "refresh_token", "client_secret"):
            plant(document.get(name))


def leaks_in(text):
    """The planted secrets a text holds, shortened: a report must not spread them further."""
    return sorted(value[:6] + "…" for value in PLANTED if value in text)
