# SPDX-License-Identifier: MIT
"""Signed tokens, looked at with nothing of the service's own: the openssl program verifies."""
import base64
import json
import os
import subprocess
import tempfile

# SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480): all but the point.
P256_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def decode(token):
    """Header, claims, signature: unverified."""
    header, claims, signature = token.split(".")
    return json.loads(from_base64url(header)), json.loads(from_base64url(claims)), from_base64url(signature)


def der_integer(number):
    content = number.to_bytes((number.bit_length() + 8) // 8, "big")
    return bytes([2, len(content)]) + content


def verify_es256(token, jwk):
    """RFC 7518 §3.4: the signature is R and S side by side; openssl wants them in DER."""
    signed, _, signature = token.rpartition(".")
    raw = from_base64url(signature)
    if len(raw) != 64:
        return False
    pair = der_integer(int.from_bytes(raw[:32], "big")) + der_integer(int.from_bytes(raw[32:], "big"))
    point = b"\x04" + from_base64url(jwk["x"]) + from_base64url(jwk["y"])
    with tempfile.TemporaryDirectory() as folder:
        files = {"signature": bytes([0x30, len(pair)]) + pair, "key": P256_PREFIX + point, "text": signed.encode()}
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as stream:
                stream.write(content)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", "key", "-keyform", "DER", "-signature", "signature",
                               "text"], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0
