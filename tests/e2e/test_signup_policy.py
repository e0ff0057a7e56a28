# SPDX-License-Identifier: MIT
"""Who may make an account, whose address has to be proved first, and what an invitation gives."""
import concurrent.futures
import json
import time
import uuid

import pytest

from authtest.planted import new_password, plant_tokens
from authtest.client import Person


def sign_up(client, email=None, password=None, **fields):
    email, password = email or client.new_email(), password or new_password()
    return email, password, client.post("/v1/signup", {"email": email, "password": password, **fields})


STRICT = {"AUTH_SIGNUP_VERIFICATION": "on", "AUTH_SIGNUP_SIGNS_IN": "on",
          "AUTH_EMAIL_DOMAINS_ALLOWED": "example.org,.example.net,xn--bcher-kva.example",
          "AUTH_EMAIL_DOMAINS_DENIED": "bad.example.net"}
CLOSED = {"AUTH_SIGNUP": "invite"}


@pytest.fixture(scope="session", name="made")
def fixture_made(request, folder):
    """made(engine, name, settings): alone on SQLite, or a pair on PostgreSQL; one of each name."""
    from conftest import make_alone, make_pair  # pylint: disable=import-outside-toplevel,import-error
    services = {}

    def make(engine, name, settings):
        if (engine, name) not in services:
            servers = [request.getfixturevalue(each) for each in ("postgres", "redis")] if engine == "postgres" else []
            make_it = make_pair if servers else make_alone
            services[engine, name] = make_it(folder, *servers, name=f"auth-{name}-{engine}", **settings).start()
        return services[engine, name]

    yield make
    for service in services.values():
        service.stop()


@pytest.fixture(name="strict", params=["sqlite", "postgres"])
def fixture_strict(request, made):
    """A service that wants addresses proved, of some domains alone."""
    return made(request.param, "strict", STRICT)


@pytest.fixture(name="closed", params=["sqlite", "postgres"])
def fixture_closed(request, made):
    """A service for whoever was invited."""
    return made(request.param, "invited", CLOSED)


# --- domains ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["a@example.com", "a@notexample.org", "a@sub.example.org", "a@example.net",
                                   "a@bad.example.net", "a@BAD.example.NET", "a@example.org.evil.example"])
def test_signup_refuses_an_address_of_another_domain(strict, email):
    _, _, answer = sign_up(strict.client(), email)
    assert (answer.status, answer.pointers()) == (422, {"/email": "domain_refused"})


@pytest.mark.parametrize("email", ["domain@example.org", "domain@EXAMPLE.org", "domain@a.example.net",
                                   "domain@very.bad.example.net", "domain@bücher.example"])
def test_signup_takes_an_address_of_a_listed_domain_in_any_spelling(strict, email):
    _, _, answer = sign_up(strict.client(), email)
    assert answer.status == 202


# --- verification -------------------------------------------------------------------------------------------------


def test_signup_that_wants_verification_answers_alike_and_lets_nobody_in_before(strict):
    """Security incident 44: neither sign-up nor sign-in tells who has an account; tokens are not given out early."""
    client = strict.client()
    email, password, first = sign_up(client)
    _, _, repeated = sign_up(client, email.upper())
    _, _, fresh = sign_up(client)
    assert {(answer.status, answer.body) for answer in (first, repeated, fresh)} == {(202, b'{"verification":"email"}')}
    refused = client.post("/v1/login", {"email": email, "password": password})
    unknown = client.post("/v1/login", {"email": client.new_email(), "password": password})
    shapes = [{**answer.json(), "instance": ""} for answer in (refused, unknown)]
    assert shapes[0] == shapes[1] and refused.status == 401
    mail = strict.wait_mail(email, "verify")
    assert mail.link.startswith("http://localhost:8080/ui/verify#lk_")
    repeated_mail = strict.wait_mail(email, "signup_repeated")
    assert (repeated_mail.code, repeated_mail.token) == ("", "")
    assert repeated_mail.link == "http://localhost:8080/ui/reset"


def test_signup_code_proves_the_address_and_the_password_then_signs_in(strict):
    client = strict.client()
    email, password, _ = sign_up(client)
    mail = strict.wait_mail(email, "verify")
    answer = client.post("/v1/codes/verify", {"purpose": "verify", "email": email, "code": mail.code})
    assert (answer.status, answer.body) == (204, b""), "a password somebody chose is not passed by"
    person = Person(client, email, password, client.login(email, password))
    assert person.get("/v1/me").json()["email_verified"] is True


def test_login_with_the_right_password_of_an_unproved_address_mails_a_new_code(strict):
    client = strict.client()
    email, password, _ = sign_up(client)
    first = strict.wait_mail(email, "verify")
    assert client.post("/v1/login", {"email": email, "password": new_password()}).status == 401
    assert client.post("/v1/login", {"email": email, "password": password}).status == 401
    second = strict.wait_mail(email, "verify", 2)
    assert len(strict.mails(email, "verify")) == 2, "a wrong password mails nothing"
    assert client.post("/v1/codes/verify", {"purpose": "verify", "token": first.token}).status == 401
    assert client.post("/v1/codes/verify", {"purpose": "verify", "token": second.token}).status == 204
    assert client.login(email, password)


def test_signup_without_a_password_signs_in_by_mail(strict):
    client, email = strict.client(), strict.client().new_email()
    assert client.post("/v1/signup", {"email": email}).status == 202
    mail = strict.wait_mail(email, "verify")
    answer = client.post("/v1/codes/verify", {"purpose": "verify", "token": mail.token})
    assert answer.status == 200
    me = client.get("/v1/me", token=answer.json()["access_token"]).json()
    assert (me["email"], me["email_verified"]) == (email, True)
    assert client.post("/v1/login", {"email": email, "password": new_password()}).status == 401


def test_signup_wants_a_password_where_codes_do_not_sign_in(start_alone):
    client = start_alone(AUTH_CODE_SIGN_IN="off").client()
    answer = client.post("/v1/signup", {"email": client.new_email()})
    assert (answer.status, answer.pointers()) == (422, {"/password": "required"})


def test_config_tells_how_to_come_in(strict, closed, client):
    documents = [each.get("/v1/config").json() for each in (strict.client(), closed.client(), client)]
    assert [document["signup"] for document in documents] == ["open", "invite", "open"]
    assert [document["verification"] for document in documents] == ["email", "none", "none"]
    assert documents[0]["login_methods"] == ["password", "code"]


# --- invitations --------------------------------------------------------------------------------------------------


def administrator(service, scopes="admin:invitations admin:roles admin:groups"):
    """Somebody who may invite: a client's token."""
    client = service.client()
    robot = service.new_oauth_client("inviter", "--grants", "client_credentials", "--scopes", scopes)
    token = client.post("/oauth/token", form={"grant_type": "client_credentials"}, basic=robot).json()["access_token"]

    def call(method, path, document=None, **options):
        return client.request(method, path, document=document, token=token, **options)
    return call


def test_admin_invitation_create_refuses_what_cannot_be_promised(service, client, person):
    call = administrator(service)
    for document, pointers in (({}, {"/email"}), ({"email": "nobody"}, {"/email"}),
                               ({"email": "a@example.org", "locale": "de;q=1"}, {"/locale"}),
                               ({"email": "a@example.org", "roles": ["nothing"]}, {"/roles/0"}),
                               ({"email": "a@example.org", "groups": ["x", person.get("/v1/me").json()["id"]]},
                                {"/groups/0", "/groups/1"})):
        answer = call("POST", "/v1/admin/invitations", document)
        assert answer.status == 422 and set(answer.pointers()) == pointers, answer.body
    taken = call("POST", "/v1/admin/invitations", {"email": person.email})
    assert (taken.status, taken.code(), taken.pointers()) == (409, "conflict", {"/email": "taken"})
    assert person.post("/v1/admin/invitations", {"email": client.new_email()}).status == 403


def test_admin_invitation_create_gives_no_power_the_inviter_lacks(service, client):
    """Security incident 15, feature incident 16: an invitation is no way to more rights."""
    answer = administrator(service)("POST", "/v1/admin/invitations",
                                    {"email": client.new_email(), "roles": ["administrator"]})
    assert answer.status == 403


def test_admin_invitation_create_takes_the_power_over_roles_and_groups(service, client):
    """Security incident 15: who may only invite makes no editor, though no role but of others is in it."""
    call, role, group = administrator(service), f"printer.{service.name}", f"Printers {service.name}"
    assert call("POST", "/v1/admin/roles", {"name": role, "scopes": ["print:write"]}).status == 201
    group_id = call("POST", "/v1/admin/groups", {"name": group}).json()["id"]
    for scopes, gifts, status in (("admin:invitations admin:users admin:groups", {"roles": [role]}, 403),
                                  ("admin:invitations admin:users admin:roles", {"groups": [group_id]}, 403),
                                  ("admin:invitations admin:roles", {"roles": [role]}, 201),
                                  ("admin:invitations admin:groups", {"groups": [group_id]}, 201),
                                  ("admin:invitations", {"roles": [], "groups": []}, 201)):
        answer = administrator(service, scopes)("POST", "/v1/admin/invitations", {"email": client.new_email(), **gifts})
        assert answer.status == status, (scopes, gifts, answer.body)


def test_admin_invitation_create_mails_a_link_that_makes_one_account(service, client):
    call = administrator(service)
    role, group = f"editor.{service.name}", f"Writers {service.name}"
    assert call("POST", "/v1/admin/roles", {"name": role, "scopes": ["articles:write"]}).status == 201
    group_id = call("POST", "/v1/admin/groups", {"name": group}).json()["id"]
    email = client.new_email()
    made = call("POST", "/v1/admin/invitations", {"email": email, "roles": [role], "groups": [group_id], "locale": "de"})
    assert made.status == 201 and "url" not in made.json(), made.body
    mail = service.wait_mail(email, "invitation")
    assert mail.link.startswith("http://localhost:8080/ui/invite#iv_") and mail.language == "de"
    for stranger in (client.new_email(), "x" + email):
        _, _, answer = sign_up(client, stranger, invite=mail.token)
        assert (answer.status, answer.code()) == (401, "code_invalid")
    for broken in (mail.token[:-1], mail.token + "A", mail.token.swapcase(), "lk_" + mail.token[3:]):
        assert sign_up(client, email, invite=broken)[2].status in (401, 422)
    _, password, answer = sign_up(client, email.upper(), invite=mail.token)
    assert (answer.status, answer.json()) == (202, {"verification": "none"})
    me = client.get("/v1/me", token=client.login(email, password)["access_token"]).json()
    assert (me["email_verified"], me["roles"], me["groups"], me["locale"]) == (True, [role], [group], "de")
    assert sign_up(client, email, invite=mail.token)[2].status == 401, "used once"
    kept = call("GET", f"/v1/admin/invitations/{made.json()['id']}").json()
    assert kept["account_id"] == me["id"] and kept["accepted_at"]
    late = call("DELETE", f"/v1/admin/invitations/{made.json()['id']}")
    assert (late.status, late.code()) == (409, "conflict")
    reader = administrator(service, "admin:events:read")
    until, types = time.monotonic() + 10, set()
    while not {"invitation.accepted", "role.granted", "group.member_added"} <= types:
        assert time.monotonic() < until, types
        types = {event["type"] for event in reader("GET", f"/v1/admin/events?account_id={me['id']}").json()["data"]}


INVITER = ["admin:invitations", "admin:roles", "admin:groups"]


@pytest.fixture(name="gifts")
def fixture_gifts(root):
    """A role and a group to promise."""
    suffix = uuid.uuid4().hex[:12]
    assert root.post("/v1/admin/roles", {"name": f"writer.{suffix}", "scopes": ["articles:write"]}).status == 201
    group = root.post("/v1/admin/groups", {"name": f"Writers {suffix}"})
    return {"roles": [f"writer.{suffix}"], "groups": [group.json()["id"]]}


@pytest.fixture(name="inviter")
def fixture_inviter(client, root):
    """Somebody who may invite, by a role of that name."""
    person, role = client.signup(), "inviter." + uuid.uuid4().hex[:12]
    assert root.post("/v1/admin/roles", {"name": role, "scopes": INVITER}).status == 201
    person.path = f"/v1/admin/users/{person.get('/v1/me').json()['id']}"
    assert root.put(f"{person.path}/roles/{role}").status == 204
    again = person.login_again()
    again.path, again.role = person.path, role
    return again


def test_admin_invitation_gives_no_more_than_its_inviter_still_may(client, root, inviter, gifts):
    """Security incident 15: who loses power leaves none behind in the invitations he has sent."""
    key = inviter.post("/v1/me/keys", {"name": "inviter", "scopes": INVITER}).json()
    robot = root.post("/v1/admin/clients", {"client_name": "Inviter", "scope": " ".join(INVITER)}).json()
    plant_tokens(robot)
    robot_token = client.post("/oauth/token", form={"grant_type": "client_credentials"},
                              basic=(robot["client_id"], robot["client_secret"])).json()["access_token"]

    def invited(token):
        email = client.new_email()
        made = client.post("/v1/admin/invitations", {"email": email, "mail": False, **gifts}, token=token)
        assert made.status == 201, made.body
        return email, made.json()["url"].partition("#")[2]

    def given(invitation):
        email, link = invitation
        _, password, answer = sign_up(client, email, invite=link)
        assert answer.status == 202, answer.body
        me = client.get("/v1/me", token=client.login(email, password)["access_token"]).json()
        assert me["email_verified"] is True
        return len(me.get("roles", [])), len(me.get("groups", []))

    assert [given(invited(token)) for token in (inviter.access, key["key"], robot_token)] == [(1, 1)] * 3
    losses = [(robot_token, lambda: root.patch(f"/v1/admin/clients/{robot['client_id']}", {"disabled": True})),
              (key["key"], lambda: inviter.delete(f"/v1/me/keys/{key['id']}")),
              (inviter.access, lambda: root.delete(f"{inviter.path}/roles/{inviter.role}"))]
    for token, lose in losses:
        invitation = invited(token)
        assert lose().status in (200, 204)
        assert given(invitation) == (0, 0)
    assert root.put(f"{inviter.path}/roles/{inviter.role}").status == 204
    invitation = invited(inviter.login_again().access)
    assert root.put(f"{inviter.path}/lock").status == 204
    assert given(invitation) == (0, 0)


def test_admin_invitation_gives_no_role_that_has_grown_above_its_inviter(client, root, inviter, gifts):
    invitations = [(client.new_email(), {"roles": gifts["roles"]}), (client.new_email(), {"groups": gifts["groups"]})]
    links = [inviter.post("/v1/admin/invitations", {"email": email, "mail": False, **promised}).json()["url"]
             for email, promised in invitations]
    assert root.patch(f"/v1/admin/roles/{gifts['roles'][0]}", {"scopes": ["admin:users"]}).status == 200
    assert root.put(f"/v1/admin/groups/{gifts['groups'][0]}/roles/{gifts['roles'][0]}").status == 204
    for (email, _), link in zip(invitations, links):
        _, password, _ = sign_up(client, email, invite=link.partition("#")[2])
        me = client.get("/v1/me", token=client.login(email, password)["access_token"]).json()
        assert not {"roles", "groups"} & me.keys()


def test_admin_invitation_is_accepted_once_of_many_at_once(service, client):
    """Security incident 8."""
    email = client.new_email()
    made = administrator(service)("POST", "/v1/admin/invitations", {"email": email, "mail": False}).json()
    token, password = made["url"].partition("#")[2], new_password()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: sign_up(client, email, password, invite=token)[2].status, range(20)))
    assert set(answers) <= {202, 401} and answers.count(202) >= 1
    assert client.login(email, password)
    assert service.mails(email, "invitation") == []


def test_admin_invitations_list_tells_all_in_pages_and_no_link(service, client):
    call = administrator(service)
    emails = [client.new_email() for _ in range(3)]
    ids = [call("POST", "/v1/admin/invitations", {"email": email, "mail": False}).json()["id"] for email in emails]
    found, after = [], ""
    while after is not None:
        page = call("GET", f"/v1/admin/invitations?limit=2{after and '&after=' + after}").json()
        found, after = found + page["data"], page["next"]
    assert [item["email"] for item in found if item["id"] in ids] == emails
    assert not any("url" in item for item in found)


def test_admin_invitation_get_tells_who_invited_until_it_is_replaced(service, client):
    call, email = administrator(service), client.new_email()
    first = call("POST", "/v1/admin/invitations", {"email": email, "mail": False}).json()
    assert call("GET", f"/v1/admin/invitations/{first['id']}").json()["invited_by"].startswith("client:")
    again = call("POST", "/v1/admin/invitations", {"email": email, "mail": False}).json()
    assert again["url"].startswith("http://localhost:8080/ui/invite#iv_")
    for gone in (first["id"], "019a0000-0000-7000-8000-000000000000", "x"):
        assert call("GET", f"/v1/admin/invitations/{gone}").status == 404


def test_admin_invitation_delete_kills_the_link(service, client):
    call, email = administrator(service), client.new_email()
    made = call("POST", "/v1/admin/invitations", {"email": email, "mail": False}).json()
    assert call("DELETE", f"/v1/admin/invitations/{made['id']}").status == 204
    assert call("DELETE", f"/v1/admin/invitations/{made['id']}").status == 404
    _, _, answer = sign_up(client, email, invite=made["url"].partition("#")[2])
    assert (answer.status, answer.code()) == (401, "code_invalid")


def test_signup_by_invitation_alone(closed):
    client = closed.client()
    _, _, refused = sign_up(client)
    assert (refused.status, refused.code()) == (403, "disabled_by_policy")
    email = client.new_email()
    printed = closed.replicas[0].run("user", "invite", email, "--print-link", "--json")
    token = json.loads(printed)["url"].partition("#")[2]
    _, password, answer = sign_up(client, email, invite=token)
    assert answer.status == 202
    assert client.login(email, password)


def test_user_invite_mails_the_link_where_there_is_a_mail_server(service, client):
    email, printed = client.new_email(), client.new_email()
    told = json.loads(service.replicas[0].run("user", "invite", email, "--json"))
    assert ("url" in told) == (not service.mail_folder), told
    if service.mail_folder:
        assert service.wait_mail(email, "invitation").link.startswith("http://localhost:8080/ui/invite#iv_")
    assert "#iv_" in json.loads(service.replicas[0].run("user", "invite", printed, "--print-link", "--json"))["url"]
    assert service.mails(printed) == []


# --- links of administrators --------------------------------------------------------------------------------------


def test_admin_user_links_start_a_reset_and_set_no_password(service, client, person):
    call, account = administrator(service), person.get("/v1/me").json()["id"]
    assert call("POST", f"/v1/admin/users/{account}/links", {"purpose": "change"}).status == 422
    assert call("POST", f"/v1/admin/users/{account}/links", {"purpose": "reset", "password": "x"}).status == 422
    assert call("POST", "/v1/admin/users/019a0000-0000-7000-8000-000000000000/links", {"purpose": "reset"}).status == 404
    made = call("POST", f"/v1/admin/users/{account}/links", {"purpose": "reset"})
    assert made.status == 201 and made.json()["url"].startswith("http://localhost:8080/ui/reset#lk_")
    assert person.get("/v1/me").status == 200, "nothing has changed yet"
    chosen = new_password()
    answer = client.post("/v1/codes/verify", {"purpose": "reset", "email": person.email, "code": made.json()["code"],
                                              "new_password": chosen})
    assert answer.status == 204
    assert client.login(person.email, chosen)
    assert service.mails(person.email, "password_reset") == []


def test_admin_user_links_that_are_mailed_are_shown_to_nobody_else(service, client, person):
    call, account = administrator(service), person.get("/v1/me").json()["id"]
    made = call("POST", f"/v1/admin/users/{account}/links", {"purpose": "login", "mail": True})
    assert (made.status, set(made.json())) == (201, {"expires_at"})
    mail = service.wait_mail(person.email, "login_code")
    assert client.post("/v1/codes/verify", {"purpose": "login", "token": mail.token}).status == 200


def test_admin_user_links_open_no_account_that_may_more(service, client, person):
    account = person.get("/v1/me").json()["id"]
    service.replicas[0].run("role", "grant", "administrator", person.email)
    answer = administrator(service)("POST", f"/v1/admin/users/{account}/links", {"purpose": "login"})
    assert answer.status == 403


def test_admin_user_links_from_the_command_line(service, client, person):
    made = service.replicas[0].run("user", "link", person.email, "reset", "--json")
    assert '"url":"http://localhost:8080/ui/reset#lk_' in made
    service.replicas[0].run("user", "link", person.email, "nothing", expected=1)
    service.replicas[0].run("user", "lock", person.email)
    service.replicas[0].run("user", "link", person.email, "reset", expected=1)
