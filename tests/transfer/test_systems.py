# SPDX-License-Identifier: MIT
"""People of each other system: what cannot be taken is refused, and the others sign in with what they had there."""
import base64
import json
import secrets
import string

import pytest
from authtest.planted import plant
from authtest.totp import Authenticator, claims_of, finish
from foreign import (FORMS, KEEPS_IDS, argon2, auth0, firebase, gotrue_copy, gotrue_csv, gotrue_lines, keycloak,
                     keycloak_argon2, keycloak_credential, keycloak_password, keycloak_totp, kratos, kratos_totp)
from moving import exported, options_of, person, take, write

GROUPS = {"keycloak": ["staff", "staff/night"]}
CLAIMS = {"firebase": {"tier": "gold"}}


def new_seed():
    """Twenty letters and digits, as Keycloak makes them: a key for those who take the bytes as well."""
    return plant("".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(20)))


def authenticator(seed):
    return Authenticator(plant(base64.b32encode(seed.encode()).decode()))


def sign_in(client, someone):
    """With the password, and the code where there is a seed; the tokens. What is wrong goes first."""
    wrong = client.post("/v1/login", {"email": someone["email"], "password": someone["password"] + "x"})
    assert (wrong.status, wrong.code()) == (401, "invalid_credentials"), wrong.body
    if "seed" not in someone:
        return client.login(someone["email"], someone["password"])
    first = client.post("/v1/login", {"email": someone["email"], "password": someone["password"]})
    assert (first.status, first.code(), first.json().get("methods")) == (401, "mfa_required", ["totp"]), first.body
    phone = authenticator(someone["seed"])
    token = plant(first.json()["login_token"])
    assert finish(client, token, phone.wrong()).status == 401
    second = finish(client, token, phone.next())
    assert second.status == 200, second.body
    return second.json()


def refused(replica, path, *options):
    outcomes = take(replica, path, *options, expected=1)
    assert {outcome["verdict"] for outcome in outcomes} == {"refused"}, outcomes
    return [(outcome.get("pointer", ""), outcome["reason"]) for outcome in sorted(outcomes, key=lambda o: o["number"])]


# --- what is refused: nobody is let in with less than was asked for there --------------------------------------------------

def of_keycloak(*more, password=None):
    someone = person()
    return {**someone, "credentials": [password or keycloak_password(someone["password"]), *more]}


def altered(credential, name, text):
    return {**credential, name: text}


KEYCLOAK_REFUSED = [
    (lambda: of_keycloak(keycloak_totp(new_seed(), digits=8)), "/credentials", "6 digits"),
    (lambda: of_keycloak(keycloak_totp(new_seed(), period=60)), "/credentials", "30 seconds"),
    (lambda: of_keycloak(keycloak_totp(new_seed(), algorithm="HmacSHA256")), "/credentials", "SHA-1"),
    (lambda: of_keycloak(keycloak_totp(new_seed(), subType="hotp", counter=7)), "/credentials", "counts"),
    (lambda: of_keycloak(keycloak_totp("short")), "/totp_secret", "20 to 64 bytes"),
    (lambda: of_keycloak(keycloak_totp("0189!", secretEncoding="BASE32")), "/credentials/secretData/value", "base32"),
    (lambda: of_keycloak(altered(keycloak_totp(new_seed()), "secretData", "{}")), "/credentials/secretData", "JSON"),
    (lambda: of_keycloak(altered(keycloak_totp(new_seed()), "credentialData", "6")), "/credentials/credentialData", "JSON"),
    (lambda: of_keycloak(password=altered(keycloak_password("x"), "secretData", "{\"value\":\"")), "/credentials/secretData",
     "JSON"),
    (lambda: of_keycloak(password=altered(keycloak_password("x"), "secretData", "{\"value\":\"AAAA\",\"salt\":\"?\"}")),
     "/credentials/secretData/salt", "base64"),
    (lambda: of_keycloak(password=keycloak_credential("password", {"value": "AAAA", "salt": "AAAA"}, {"algorithm": "md5"})),
     "/credentials", "algorithm"),
    (lambda: of_keycloak(password=altered(keycloak_argon2("x"), "credentialData", keycloak_argon2("x")["credentialData"]
                                          .replace("1.3", "2.0"))), "/credentials", "Argon2 version"),
    (lambda: of_keycloak(password=keycloak_argon2("x", kind="d")), "/password_hash", ""),
    (lambda: of_keycloak(password=altered(keycloak_argon2("x"), "credentialData", keycloak_argon2("x")["credentialData"]
                                          .replace("7168", "4194304"))), "/password_hash", ""),
]


def test_what_keycloak_knows_and_we_do_not_is_refused_with_its_person(replica, tmp_path):
    people = [make() for make, _, _ in KEYCLOAK_REFUSED]
    told = refused(replica, write(tmp_path, keycloak(people)), "--from", "keycloak", "--create-groups")
    assert len(told) == len(people)
    for (pointer, reason), (_, where, word) in zip(told, KEYCLOAK_REFUSED):
        assert pointer == where and word in reason, (pointer, reason, where, word)
    assert not {someone["email"] for someone in people} & set(exported(replica))


def test_what_kratos_knows_and_we_do_not_is_refused_with_its_person(replica, tmp_path):
    seed = new_seed().encode()
    unusual = [{"digits": 8}, {"period": 60}, {"algorithm": "SHA256"}]
    people = [{**person(), "totp": kratos_totp(seed, "ada@example.org", **more)} for more in unusual]
    people += [{**person(), "totp": kratos_totp(b"", "ada@example.org")}, {**person(), "totp": kratos_totp(b"short", "x")},
               {**person(), "totp": {"config": {"totp_url": "otpauth://totp/x?secret=0189"}}},
               {**person(), "hash": "$argon2d" + argon2("x")[2].removeprefix("$argon2id")}, {**person(), "hash": "$md5$x$y"}]
    told = refused(replica, write(tmp_path, kratos(people)), "--from", "kratos")
    url = "/credentials/totp/config/totp_url"
    assert [pointer for pointer, _ in told] == [url] * 4 + ["/totp_secret", url] + ["/password_hash"] * 2, told
    assert not {someone["email"] for someone in people} & set(exported(replica))


FIREBASE_REFUSED = [({"passwordHash": "?"}, "/passwordHash"), ({"salt": "?"}, "/salt"),
                    ({"customAttributes": "[1"}, "/customAttributes"), ({"customAttributes": "{}}"}, "/customAttributes"),
                    ({"customAttributes": "{\"scope\":\"admin:users\"}"}, "/claims"), ({"email": None}, "/email"),
                    ({"localId": 7}, "/localId")]


def test_what_firebase_knows_and_we_do_not_is_refused_with_its_person(replica, tmp_path):
    """Who signs in with a telephone alone has no address to be known by here."""
    users = json.loads(firebase([person() for _ in FIREBASE_REFUSED]))["users"]
    emails = {user["email"] for user in users}
    text = json.dumps({"users": [{**user, **changed} for user, (changed, _) in zip(users, FIREBASE_REFUSED)]})
    told = refused(replica, write(tmp_path, text), "--from", "firebase", *options_of("firebase", tmp_path))
    assert [pointer for pointer, _ in told] == [pointer for _, pointer in FIREBASE_REFUSED], told
    assert not emails & set(exported(replica))


def test_firebase_hashes_under_the_key_of_another_project_let_nobody_in(service, replica, tmp_path):
    someone = person()
    options = options_of("firebase", tmp_path)
    (tmp_path / "signer.key").write_text(base64.b64encode(secrets.token_bytes(64)).decode())
    take(replica, write(tmp_path, firebase([someone])), "--from", "firebase", *options)
    answer = service.client().post("/v1/login", {"email": someone["email"], "password": someone["password"]})
    assert (answer.status, answer.code()) == (401, "invalid_credentials")


def test_what_auth0_knows_and_we_do_not_is_refused_with_its_person(replica, tmp_path):
    changes = [({"passwordHash": "not a hash"}, "/password_hash"), ({"email": None}, "/email"), ({"email": "nobody"}, "/email"),
               ({"blocked": "no"}, "/blocked"), ({"_id": "text"}, "/_id")]
    people = [person() for _ in changes]
    users = [{**json.loads(line), **changed} for line, (changed, _) in zip(auth0(people).splitlines(), changes)]
    path = write(tmp_path, "".join(json.dumps(user) + "\n" for user in users))
    told = refused(replica, path, "--from", "auth0")
    assert [pointer for pointer, _ in told] == [pointer for _, pointer in changes], told
    assert not {someone["email"] for someone in people} & set(exported(replica))


@pytest.mark.parametrize("printer", [gotrue_copy, gotrue_csv, gotrue_lines])
def test_deleted_and_anonymous_people_of_gotrue_are_left_out(replica, tmp_path, printer):
    deleted, anonymous, kept = person(deleted_at="2024-01-01 00:00:00+00"), person(is_anonymous="t"), person()
    outcomes = sorted(take(replica, write(tmp_path, printer([deleted, anonymous, kept])), "--from", "gotrue", expected=1),
                      key=lambda outcome: outcome["number"])
    assert [(outcome["verdict"], outcome.get("pointer", "")) for outcome in outcomes] == \
        [("refused", "/deleted_at"), ("refused", "/is_anonymous"), ("created", "")], outcomes
    known = exported(replica)
    assert [someone["email"] in known for someone in (deleted, anonymous, kept)] == [False, False, True]


# --- who signs in --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("form", FORMS)
def test_people_of_another_system_sign_in_with_the_passwords_they_had(service, replica, tmp_path, form):
    system, printer = FORMS[form]
    people = [person(), person(), person(enabled=False)]
    path = write(tmp_path, printer(people))
    options = ["--from", system, "--create-groups", *options_of(system, tmp_path)]
    outcomes = take(replica, path, *options)
    assert [outcome["verdict"] for outcome in outcomes] == ["created"] * 3, outcomes
    if system in KEEPS_IDS:
        assert [outcome["id"] for outcome in outcomes] == [someone["id"] for someone in people]
    client = service.client()
    for someone in people[:2]:
        tokens = sign_in(client, someone)
        me = client.get("/v1/me", token=tokens["access_token"]).json()
        assert me["email_verified"] is True and "Hopper" in me["name"], me
        carried = claims_of(tokens["access_token"])
        assert sorted(carried.get("groups", [])) == GROUPS.get(system, []), carried
        assert {name: carried.get(name) for name in CLAIMS.get(system, {})} == CLAIMS.get(system, {}), carried
        client.login(someone["email"], someone["password"])
    locked = client.post("/v1/login", {"email": people[2]["email"], "password": people[2]["password"]})
    assert locked.status == 401
    accounts = exported(replica, "--with-hashes")
    assert accounts[people[0]["email"]]["password_hash"].startswith("$argon2id$"), "made anew at the first sign-in"
    for someone in people:
        account = accounts[someone["email"]]
        assert sorted(account.get("groups", [])) == GROUPS.get(system, []), account
        assert account.get("claims", {}) == CLAIMS.get(system, {}), account
    assert {outcome["verdict"] for outcome in take(replica, path, *options)} == {"unchanged"}


def with_keycloak(make, **options):
    someone = person()
    return {**someone, "credentials": [make(someone["password"], **options)]}


def test_every_password_of_keycloak_goes_on_working(service, replica, tmp_path):
    people = [with_keycloak(keycloak_password, algorithm="pbkdf2", iterations=20000),
              with_keycloak(keycloak_password, algorithm="pbkdf2-sha512", iterations=21000),
              with_keycloak(keycloak_argon2), with_keycloak(keycloak_argon2, version="1.0"),
              with_keycloak(keycloak_argon2, kind="i", lanes=2, memory=4096, passes=3)]
    path = write(tmp_path, keycloak(people))
    assert {outcome["verdict"] for outcome in take(replica, path, "--from", "keycloak", "--create-groups")} == {"created"}
    client = service.client()
    for someone in people:
        sign_in(client, someone)
    hashes = exported(replica, "--with-hashes")
    assert all(hashes[someone["email"]]["password_hash"].startswith("$argon2id$v=19$m=7168,t=1,p=1$") for someone in people)


def with_phone(*credentials, seed):
    someone = person()
    return {**someone, "seed": seed, "credentials": [keycloak_password(someone["password"]), *credentials]}


def test_one_time_passwords_of_keycloak_go_on_working(service, replica, tmp_path):
    text, coded, first = new_seed(), new_seed(), new_seed()
    people = [with_phone(keycloak_totp(text), seed=text),
              with_phone(keycloak_totp(base64.b32encode(coded.encode()).decode(), secretEncoding="BASE32"), seed=coded),
              with_phone(keycloak_totp(first), keycloak_totp(new_seed()), seed=first)]
    must = person(actions=["CONFIGURE_TOTP"])
    path = write(tmp_path, keycloak(people + [must]))
    options = ["--from", "keycloak", "--create-groups"]
    assert {outcome["verdict"] for outcome in take(replica, path, *options)} == {"created"}
    client = service.client()
    for someone in people:
        sign_in(client, someone)
    accounts = exported(replica, "--with-hashes")
    assert accounts[must["email"]]["requires_mfa"] is True, "who was to set one up there is to do so here"
    assert {outcome["verdict"] for outcome in take(replica, path, *options, "--update")} == {"unchanged"}


def test_passwords_and_one_time_passwords_of_kratos_go_on_working(service, replica, tmp_path):
    people = [person(seed=new_seed()), person(), person(), person(seed=new_seed())]
    people[1]["hash"] = argon2(people[1]["password"], "id", memory=131072, passes=1, lanes=4)[2]
    people[2]["hash"] = argon2(people[2]["password"], "i", memory=4096, passes=3)[2]
    people[3]["hash"] = argon2(people[3]["password"], "id")[2]
    for someone in people:
        if "seed" in someone:
            someone["totp"] = kratos_totp(someone["seed"].encode(), someone["email"])
    path = write(tmp_path, kratos(people))
    outcomes = take(replica, path, "--from", "kratos")
    assert [outcome["verdict"] for outcome in outcomes] == ["created"] * 4, outcomes
    client = service.client()
    for someone in people:
        sign_in(client, someone)
    everything = replica.run("export", "--with-hashes")
    assert all(someone["seed"] not in everything for someone in people if "seed" in someone)
