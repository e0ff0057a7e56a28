# SPDX-License-Identifier: MIT
"""Exports of other systems, small, in the forms their documentation shows; hashes are made by Python, libcrypt and
openssl, not by us."""
import base64
import crypt
import ctypes
import hashlib
import json
import os
import subprocess
import uuid

BCRYPT = crypt.methods[[method.name for method in crypt.methods].index("BLOWFISH")]
FIREBASE_KEY = os.urandom(64)
FIREBASE_OPTIONS = {"--firebase-salt-separator": "Bw==", "--firebase-rounds": "8", "--firebase-memory-cost": "14"}


def bcrypt(password):
    return crypt.crypt(password, crypt.mksalt(BCRYPT, rounds=16))


def encoded(octets):
    return base64.b64encode(octets).decode()


def argon2(password, kind="id", version="1.3", memory=7168, passes=5, lanes=1):
    """(salt, tag, its text), by the library of the algorithm's authors (argon2.h: argon2_hash)."""
    library = ctypes.CDLL("libargon2.so.1")
    salt, tag, text = os.urandom(16), ctypes.create_string_buffer(32), ctypes.create_string_buffer(256)
    kinds, versions = {"d": 0, "i": 1, "id": 2}, {"1.0": 0x10, "1.3": 0x13}
    secret = password.encode()
    size = ctypes.c_size_t
    failed = library.argon2_hash(passes, memory, lanes, secret, size(len(secret)), salt, size(len(salt)), tag, size(32),
                                 text, size(256), kinds[kind], versions[version])
    assert failed == 0, failed
    return salt, tag.raw, text.value.decode()


def keycloak_credential(kind, secret, data):
    return {"id": str(uuid.uuid4()), "type": kind, "createdDate": 1700000000000, "secretData": json.dumps(secret),
            "credentialData": json.dumps(data)}


def keycloak_password(password, algorithm="pbkdf2-sha256", iterations=27500):
    salt = os.urandom(16)
    digest = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}[algorithm]
    value = hashlib.pbkdf2_hmac(digest, password.encode(), salt, iterations, 64)
    return keycloak_credential("password", {"value": encoded(value), "salt": encoded(salt), "additionalParameters": {}},
                               {"hashIterations": iterations, "algorithm": algorithm, "additionalParameters": {}})


def keycloak_argon2(password, kind="id", version="1.3", memory=7168, passes=5, lanes=1):
    salt, tag, _ = argon2(password, kind, version, memory, passes, lanes)
    parameters = {"hashLength": ["32"], "memory": [str(memory)], "type": [kind], "version": [version],
                  "parallelism": [str(lanes)]}
    return keycloak_credential("password", {"value": encoded(tag), "salt": encoded(salt), "additionalParameters": {}},
                               {"hashIterations": passes, "algorithm": "argon2", "additionalParameters": parameters})


def keycloak_totp(secret, **more):
    """The secret is text; its bytes are the key, or what they say in base32 with secretEncoding="BASE32"."""
    data = {"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1", **more}
    return {**keycloak_credential("otp", {"value": secret}, data), "userLabel": "phone"}


def keycloak_users(people):
    return [{"id": person["id"], "createdTimestamp": 1700000000000, "username": person["email"],
             "email": person["email"], "emailVerified": True, "enabled": person.get("enabled", True),
             "totp": any(credential["type"] == "otp" for credential in person.get("credentials", [])),
             "firstName": "Grace", "lastName": "Hopper", "attributes": {"team": ["blue", "{\"users\": [1]}"]},
             "credentials": person.get("credentials") or [keycloak_password(person["password"])],
             "disableableCredentialTypes": [], "requiredActions": person.get("actions", []),
             "realmRoles": ["default-roles-shop"], "notBefore": 0, "groups": ["/staff", "/staff/night"]}
            for person in people]


def keycloak(people):
    """As `kc.sh export --users realm_file` writes a realm: what matters here among what does not."""
    return json.dumps({"id": "shop", "realm": "shop", "enabled": True, "roles": {"realm": [{"name": "users"}]},
                       "requiredCredentials": ["password"], "users": keycloak_users(people),
                       "clients": [{"clientId": "users"}]}, indent=2)


def keycloak_users_alone(people):
    """As `kc.sh export --users different_files` writes shop-users-0.json beside the realm."""
    return json.dumps({"realm": "shop", "users": keycloak_users(people)})


def gotrue_rows(people):
    return [{"instance_id": "00000000-0000-0000-0000-000000000000", "id": person["id"], "aud": "authenticated",
             "role": "authenticated", "email": person["email"],
             "encrypted_password": bcrypt(person["password"]),
             "email_confirmed_at": "2023-01-02 03:04:05.678+00", "last_sign_in_at": None,
             "raw_app_meta_data": "{\"provider\": \"email\"}",
             "raw_user_meta_data": "{\"full_name\": \"Grace \\\"Amazing\\\" Hopper\", \"theme\": {\"dark\": true}}",
             "is_super_admin": None, "created_at": "2023-01-01 10:00:00+00",
             "banned_until": None if person.get("enabled", True) else "2099-01-01 00:00:00+00", "is_sso_user": "f",
             "deleted_at": person.get("deleted_at"), "is_anonymous": person.get("is_anonymous", "f")}
            for person in people]


def gotrue_csv(people):
    rows = gotrue_rows(people)

    def cell(value):
        return "" if value is None else "\"" + value.replace("\"", "\"\"") + "\"" if set(value) & set("\",\n") else value

    return "\n".join([",".join(rows[0])] + [",".join(cell(value) for value in row.values()) for row in rows]) + "\n"


def gotrue_copy(people):
    rows = gotrue_rows(people)

    def cell(value):
        return "\\N" if value is None else value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")

    body = "".join("\t".join(cell(value) for value in row.values()) + "\n" for row in rows)
    return ("--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\nCOPY auth.schema_migrations (version) FROM "
            "stdin;\n20171026211738\n\\.\n\n" + f"COPY auth.users ({', '.join(rows[0])}) FROM stdin;\n" + body +
            "\\.\n\nCOPY auth.sessions (id) FROM stdin;\nnot-a-user\n\\.\n")


def gotrue_lines(people):
    def document(row):
        kept = {name: value for name, value in row.items() if value is not None}
        kept["raw_user_meta_data"] = json.loads(row["raw_user_meta_data"])
        kept["raw_app_meta_data"] = json.loads(row["raw_app_meta_data"])
        kept["is_sso_user"], kept["is_anonymous"] = False, row["is_anonymous"] == "t"
        kept["created_at"] = row["created_at"].replace(" ", "T") + ":00"
        return json.dumps(kept)

    return "\n".join(document(row) for row in gotrue_rows(people)) + "\n"


def kratos_totp(seed, email, algorithm="SHA1", digits=6, period=30):
    secret = base64.b32encode(seed).decode().rstrip("=")
    return {"type": "totp", "identifiers": [str(uuid.uuid4())], "version": 0, "config": {
        "totp_url": f"otpauth://totp/shop.example:{email}?algorithm={algorithm}&digits={digits}&issuer=shop.example"
                    f"&period={period}&secret={secret}"}}


def kratos_credentials(person):
    hashed = person.get("hash") or bcrypt(person["password"])
    credentials = {"password": {"type": "password", "identifiers": [person["email"]], "version": 0,
                                "config": {"hashed_password": hashed}}}
    return {**credentials, **({"totp": person["totp"]} if "totp" in person else {})}


def kratos(people):
    return json.dumps([{
        "id": person["id"], "schema_id": "default", "state": "active" if person.get("enabled", True) else "inactive",
        "traits": {"email": person["email"], "name": {"first": "Grace", "last": "Hopper"}},
        "verifiable_addresses": [{"id": str(uuid.uuid4()), "value": person["email"], "verified": True, "via": "email"}],
        "recovery_addresses": [{"value": person["email"], "via": "email"}],
        "credentials": kratos_credentials(person),
        "metadata_public": None, "created_at": "2024-05-06T07:08:09.123456Z"} for person in people])


def firebase_hash(password, salt):
    """Firebase's scrypt: the key scrypt makes of the password encrypts the project's signer key."""
    key = hashlib.scrypt(password.encode(), salt=salt + base64.b64decode("Bw=="), n=2 ** 14, r=8, p=1, dklen=32,
                         maxmem=64 * 1024 * 1024)
    return subprocess.run(["openssl", "enc", "-aes-256-ctr", "-K", key.hex(), "-iv", "00" * 16], input=FIREBASE_KEY,
                          capture_output=True, check=True).stdout


def firebase(people):
    def user(person):
        salt = os.urandom(16)
        return {"localId": person["id"].replace("-", "")[:28], "email": person["email"], "emailVerified": True,
                "passwordHash": base64.urlsafe_b64encode(firebase_hash(person["password"], salt)).decode(),
                "salt": base64.urlsafe_b64encode(salt).decode(), "displayName": "Grace Hopper",
                "disabled": not person.get("enabled", True), "lastSignedInAt": "1700000001000",
                "createdAt": "1700000000000", "providerUserInfo": [], "customAttributes": "{\"tier\":\"gold\"}"}
    return json.dumps({"users": [user(person) for person in people]})


def auth0(people):
    return "".join(json.dumps({
        "_id": {"$oid": person["id"].replace("-", "")[:24]}, "email": person["email"], "email_verified": True,
        "passwordHash": bcrypt(person["password"]), "password_set_date": {"$date": "2020-01-01T00:00:00.000Z"},
        "tenant": "shop", "connection": "Username-Password-Authentication", "_tmp_is_unique": True,
        "name": "Grace Hopper", "blocked": not person.get("enabled", True)}) + "\n" for person in people)


FORMS = {"keycloak": ("keycloak", keycloak), "keycloak-users": ("keycloak", keycloak_users_alone),
         "gotrue-copy": ("gotrue", gotrue_copy), "gotrue-csv": ("gotrue", gotrue_csv),
         "gotrue-lines": ("gotrue", gotrue_lines), "kratos": ("kratos", kratos), "firebase": ("firebase", firebase),
         "auth0": ("auth0", auth0)}
KEEPS_IDS = {"keycloak", "gotrue", "kratos"}
