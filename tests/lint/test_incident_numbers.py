# SPDX-License-Identifier: MIT
"""What has gone wrong in services and libraries of this kind, by number. A test that would find it here says so: "security
incident 8". Every number has such a test, or a reason why there is none.
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).name
MENTION = re.compile(r"security incidents? ((?:\d+(?:, and |, | and )?)+)", re.IGNORECASE)

INCIDENTS = {
    1: "CVE-2026-1035 Keycloak: one refresh token used by many at once",
    2: "CVE-2026-9802 Keycloak: after a restart a rotated token was good again",
    3: "Keycloak #50999: an issue time in seconds let older tokens through",
    4: "Keycloak #52666: what was used up was remembered on a session that went",
    5: "CVE-2026-8922, CVE-2026-18218 Keycloak: one way of ending hid another",
    6: "CVE-2026-4282 Keycloak: artefacts of one kind taken for another",
    7: "CVE-2026-16089 Keycloak, CVE-2026-55672 Zitadel, CVE-2026-28513 Pocket ID: refresh token of another client",
    8: "supabase auth #2612, #2483: codes redeemed twice",
    9: "CVE-2020-15223 fosite: a failed revocation reported as done",
    10: "CVE-2020-15222 fosite, CVE-2020-5300 Hydra: client assertion replayed",
    11: "CVE-2026-43983 Pocket ID, CVE-2026-1609 Keycloak, CVE-2025-64521 authentik: the disabled still got tokens",
    12: "CVE-2026-9097, CVE-2026-9094 Casdoor: token exchange took inactive tokens",
    13: "CVE-2025-64708 authentik: things expired at a clean-up alone",
    14: "CVE-2026-27840 Zitadel: truncated tokens were good",
    15: "CVE-2022-23555, CVE-2023-26481 authentik, CVE-2026-37982 Keycloak: links in mail good for others, or again",
    16: "CVE-2026-7507 Keycloak, CVE-2024-28197 Zitadel: session fixation",
    17: "CVE-2025-12390 Keycloak: session ids of a browser used again",
    18: "CVE-2025-3910 Keycloak, CVE-2025-64103 Zitadel, CVE-2024-45042 Kratos: a way around the second factor",
    19: "CVE-2024-32868, CVE-2025-64102 Zitadel: guesses of codes without a limit",
    20: "CVE-2025-24806 Authelia: counters apart for names of one account",
    21: "CVE-2026-9798, CVE-2026-16103 Keycloak: the lock missing in one grant",
    22: "CVE-2024-7318 Keycloak: codes taken after their time",
    23: "CVE-2026-27946, CVE-2026-54693 Zitadel: own address marked as proved",
    24: "CVE-2021-40818, CVE-2022-27240, CVE-2023-49208 glewlwyd: overflows in WebAuthn",
    25: "CVE-2026-8830, CVE-2026-6856 Keycloak: WebAuthn policy left to the browser",
    26: "CVE-2021-38299 webauthn-framework: presence not checked",
    27: "CVE-2026-11800 Keycloak, CVE-2026-44699 libjwt, CVE-2024-54150 cjwt: algorithm confusion",
    28: "CVE-2024-25189 libjwt, CVE-2024-25714 rhonabwy: MAC compared in variable time",
    29: "CVE-2022-32096 rhonabwy, CVE-2023-37464, CVE-2026-53939 cjose: pitfalls of JWE",
    30: "CVE-2023-50967 jose, CVE-2024-28180 go-jose, CVE-2025-30204 jwt-go: costly tokens",
    31: "CVE-2020-26160 jwt-go: audience of another type",
    32: "CVE-2026-31813 supabase auth, CVE-2026-55669 Zitadel: identity tokens of others linked",
    33: "CVE-2025-69277 libsodium: points off the curve",
    34: "CVE-2024-8883, CVE-2026-3872, CVE-2026-9689 Keycloak, CVE-2024-52289 authentik: redirect URIs",
    35: "CVE-2024-23647, CVE-2023-48228 authentik: PKCE left out",
    36: "GHSA-3529-5m8x-rpv3 GoTrue, CVE-2025-64101 Zitadel: forwarded host in links of mail",
    37: "CVE-2024-47070 authentik: a garbled X-Forwarded-For skipped the password",
    38: "CVE-2024-9666 Keycloak: cost of reading proxy fields",
    39: "CVE-2021-32637 Authelia, CVE-2026-0976 Keycloak, CVE-2025-64484 oauth2-proxy: proxy and service disagree",
    40: "CVE-2024-41657 Casdoor, CVE-2026-37977 Keycloak: any origin allowed",
    41: "CVE-2026-33496, GHSA-qvp4-rpmr-xwrr Oathkeeper: keys of a cache, what it says believed",
    42: "Okta 2024: cache key of a name and a password cut at 72 bytes",
    43: "CVE-2024-10039 Keycloak, CVE-2026-40574 oauth2-proxy: addresses with several @",
    44: "CVE-2024-41952, CVE-2026-23511 Zitadel, CVE-2026-4633 Keycloak: who has an account",
    45: "CVE-2022-24124 Casdoor, CVE-2026-33503 Kratos: page tokens that reach SQL",
    46: "CVE-2025-1094 PostgreSQL: escaping and invalid UTF-8",
    47: "CVE-2024-10270, CVE-2026-4634, CVE-2024-11734 Keycloak: cost of scopes and parameters, line ends in settings",
    48: "CVE-2026-1180, CVE-2026-4874 Keycloak, CVE-2025-67494 Zitadel, CVE-2026-5469 Casdoor: requests to inside",
    49: "supabase auth #1595, #2625, #1822: clients that go, signatures that are none",
    50: "CVE-2021-3466, CVE-2023-27371 libmicrohttpd: its post processor",
    51: "CVE-2025-59777 libmicrohttpd: a crafted packet",
    52: "libmicrohttpd before 1.0.5: fields twice, connections passed over",
    53: "CVE-2013-6401 jansson: flooding of hashes, depth",
    54: "CVE-2020-7105, CVE-2021-32765 hiredis: replies of a hostile server",
    55: "CVE-2025-6965 SQLite and the reset of its log",
    56: "Storm-0558: a signing key in a crash dump",
    57: "GitHub 2021: another's session by a race",
    58: "CVE-2024-6387 OpenSSH: a signal handler that may not do what it does",
    59: "CVE-2023-44487 HTTP/2: rapid reset",
    60: "GitHub, Twitter 2018: passwords in logs",
}

NOT_HERE = {
    10: "no client authenticates by an assertion",
    12: "no token exchange",
    17: "no session in a cookie, ids are random and used once",
    24: "no WebAuthn",
    25: "no WebAuthn",
    26: "no WebAuthn",
    32: "no sign-in by others' identity tokens",
    34: "no redirect URI is taken",
    35: "no authorization code, so no PKCE",
    50: "bodies are read by ourselves",
}


def mentioned():
    found = {}
    for path in sorted((ROOT / "tests").rglob("*")):
        if path.suffix not in (".c", ".h", ".py", ".mjs") or path.name == HERE:
            continue
        for numbers in MENTION.findall(path.read_text(encoding="utf-8")):
            for number in re.findall(r"\d+", numbers):
                found.setdefault(int(number), set()).add(path.name)
    return found


def test_every_incident_has_a_test_or_a_reason():
    assert sorted(INCIDENTS) == list(range(1, 61))
    missing = INCIDENTS.keys() - mentioned().keys() - NOT_HERE.keys()
    assert not missing, {number: INCIDENTS[number] for number in sorted(missing)}


def test_no_test_is_of_an_incident_that_is_none_or_does_not_apply():
    found = mentioned()
    assert not found.keys() - INCIDENTS.keys(), found
    assert not found.keys() & NOT_HERE.keys(), "it applies by now: take it off the list"
    assert all(len(reason) > 5 for reason in NOT_HERE.values())
