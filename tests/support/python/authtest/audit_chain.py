# SPDX-License-Identifier: MIT
"""The chain of security events as the documentation has it, verified with nothing of the service's own."""
import base64
import hashlib
import json

from .jws import decode, verify_es256

NOT_HASHED = ("chain_hash", "client_address")


def canonical(event):
    """RFC 8785 for objects of texts and whole numbers."""
    kept = {name: value for name, value in event.items() if name not in NOT_HASHED}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(lines, after=0, previous=bytes(32)):
    """(place, hash) of the last event; AssertionError names the first one that is wrong."""
    seq = after
    for line in lines:
        event = json.loads(line)
        seq += 1
        assert event["seq"] == seq, f"event {seq} is missing"
        previous = hashlib.sha256(previous + canonical(event)).digest()
        assert from_base64url(event["chain_hash"]) == previous, f"event {seq} was changed"
    return seq, previous


def read_checkpoint(text, public_key):
    """(place, hash) that a checkpoint states."""
    header, claims, _ = decode(text)
    assert header["typ"] == "audit-checkpoint+jwt"
    assert header["alg"] == "ES256"
    thumbprint = json.dumps({name: public_key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":")).encode()
    assert base64.urlsafe_b64encode(hashlib.sha256(thumbprint).digest()).rstrip(b"=").decode() == header["kid"]
    assert verify_es256(text, public_key)
    return claims["seq"], from_base64url(claims["chain_hash"])
