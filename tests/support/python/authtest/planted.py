# SPDX-License-Identifier: MIT
"""Every password, token and key a test uses is noted here; at the end no log may hold one."""
import re
import secrets

# A run plants many thousands: those that are known by how they begin are looked up among all there are in a text, not
# searched for one by one.
TOKEN = re.compile(r"(?:eyJ|rt_)[\w.-]+|Pw-[\w-]+|auk_\w+|whsec_[\w+/=-]+")
TOKENS, WORDS = set(), set()
SHORTEST = 8  # a shorter word may stand in a log by chance


def plant(value):
    """Notes a secret and returns it."""
    if isinstance(value, str) and len(value) >= SHORTEST:
        (TOKENS if TOKEN.fullmatch(value) else WORDS).add(value)
    return value


def new_password():
    return plant("Pw-" + secrets.token_urlsafe(15))


def plant_tokens(document):
    """Notes what a token response or a new client carries."""
    if isinstance(document, dict):
        for name in ("access_token", "refresh_token", "client_secret"):
            plant(document.get(name))
        if str(document.get("key", "")).startswith("auk_"):
            plant(document["key"])
        if str(document.get("secret", "")).startswith("whsec_"):
            plant(document["secret"])


def leaks_in(text):
    """The planted secrets a text holds, shortened: a report must not spread them further."""
    found = TOKENS.intersection(TOKEN.findall(text)).union(word for word in WORDS if word in text)
    return sorted(value[:6] + "…" for value in found)
