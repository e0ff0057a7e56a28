# SPDX-License-Identifier: MIT
"""What people see who follow a link from a mail, and what happens when they press its buttons."""
import json
import os
import subprocess

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from authtest.client import Person
from authtest.planted import new_password

KINDS = {"verify": "verify", "login": "login_code", "reset": "password_reset"}
SECONDS = 20


class Page:
    """A page as its reader has it: titles, texts, labels and buttons."""

    def __init__(self, browser, url):
        self.browser = browser
        browser.get("about:blank")  # only then is another fragment another page
        browser.get(url)
        self.wait(lambda: self.title)

    def wait(self, condition):
        ignored = (NoSuchElementException, StaleElementReferenceException)
        waiting = WebDriverWait(self.browser, SECONDS, poll_frequency=0.02, ignored_exceptions=ignored)
        try:
            waiting.until(lambda _: condition())
        except TimeoutException:
            shown = self.browser.find_element(By.TAG_NAME, "body").text
            pytest.fail(f"{self.browser.current_url.partition('#')[0]}\n{shown}\n{self.browser.get_log('browser')}")

    def text_of(self, name):
        return self.browser.find_element(By.ID, name).text

    @property
    def title(self):
        return self.text_of("title")

    def wait_message(self, text):
        self.wait(lambda: text in self.text_of("message"))

    def wait_problem(self, text):
        self.wait(lambda: text in self.text_of("problem"))

    def fill(self, label, value):
        """By its label, as a screen reader names it."""
        field = next(each for each in self.browser.find_elements(By.TAG_NAME, "label") if each.text.startswith(label))
        found = self.browser.find_element(By.ID, field.get_attribute("for"))
        found.clear()
        found.send_keys(value)
        return found

    def press(self, text):
        next(each for each in self.browser.find_elements(By.TAG_NAME, "button") if each.text == text).click()

    def problems(self):
        """What the browser complained of: blocked by the content security policy, failed to load, thrown."""
        answers = ("status of 401", "status of 422", "status of 429")  # of our own requests, which the page explains
        return [entry["message"] for entry in self.browser.get_log("browser")
                if entry["level"] in ("WARNING", "SEVERE") and not any(each in entry["message"] for each in answers)]


@pytest.fixture(name="person")
def fixture_person(service, client):
    """Somebody with a proved address."""
    email, password = client.new_email(), new_password()
    assert client.post("/v1/signup", {"email": email, "password": password}).status == 202
    token = service.wait_mail(email, "verify").token
    assert client.post("/v1/codes/verify", {"purpose": "verify", "token": token}).status == 204
    return Person(client, email, password, client.login(email, password))


def mailed(service, client, purpose, email):
    before = len(service.mails(email, KINDS[purpose]))
    assert client.post("/v1/codes", {"purpose": purpose, "email": email}).status == 202
    return service.wait_mail(email, KINDS[purpose], before + 1)


def totp(seed):
    return subprocess.run(["oathtool", "--totp", "--base32", seed], capture_output=True, text=True, check=True).stdout.strip()


def test_opening_a_link_spends_nothing_and_pressing_its_button_does(service, drive, client):
    email, password = client.new_email(), new_password()
    assert client.post("/v1/signup", {"email": email, "password": password}).status == 202
    assert client.post("/v1/login", {"email": email, "password": password}).status == 401
    mail = service.wait_mail(email, "verify", 2)  # the attempt had another one sent
    for _ in range(2):
        page = Page(drive(), mail.link)
    assert page.title == "Confirm your address"
    page.press("Confirm the address")
    page.wait_message("Your address is confirmed.")
    assert "#" not in page.browser.current_url, "a link that has done its work leaves the history"
    assert client.login(email, password)
    assert page.problems() == []


def test_a_link_that_is_spent_says_so_and_leads_to_another(service, drive, client, person):
    mail = mailed(service, client, "login", person.email)
    assert client.post("/v1/codes/verify", {"purpose": "login", "token": mail.token}).status == 200
    page = Page(drive(), mail.link)
    page.press("Sign in")
    page.wait_problem("was used before")
    page.fill("E-mail address", person.email)
    page.press("Send me a code")
    page.wait_message("mail is on its way")
    page.fill("Code from the mail", service.wait_mail(person.email, "login_code", 2).code)
    page.press("Sign in")
    page.wait_message(f"You are signed in as {person.email}.")
    page.press("Sign out again")
    page.wait_message("You are signed out.")
    assert page.problems() == []


def test_another_password_is_set_after_attempts_that_failed(service, drive, client, person):
    page = Page(drive("de"), mailed(service, client, "reset", person.email).link)
    assert page.browser.execute_script("return document.documentElement.lang") == "de"
    assert page.title == "Neues Passwort wählen"
    page.press("Passwort setzen")
    page.wait(lambda: page.text_of("newPassword-error") == "Bitte ausfüllen.")
    for weak, reason in (("kurz", "zu kurz"), ("password1", "Viele benutzen")):
        page.fill("Neues Passwort", weak)
        page.press("Passwort setzen")
        page.wait(lambda reason=reason: reason in page.text_of("newPassword-error"))
    chosen = new_password()
    page.fill("Neues Passwort", chosen).send_keys(Keys.ENTER)
    page.wait_message("Ihr Passwort ist geändert")
    assert client.login(person.email, chosen)
    assert person.get("/v1/me").status == 401
    assert page.problems() == []


def test_the_address_password_managers_know_leads_to_the_way_by_code(service, drive, client, person):
    page = Page(drive(), service.issuer + "/.well-known/change-password")
    assert page.browser.current_url == service.issuer + "/ui/reset"
    page.fill("E-mail address", person.email)
    page.press("Send me a code")
    page.wait_message("mail is on its way")
    code, chosen = service.wait_mail(person.email, "password_reset").code, new_password()
    page.fill("New password", chosen)
    page.fill("Code from the mail", f"{(int(code) + 1) % 10 ** 8:08}")
    page.press("Set the password")
    page.wait_problem("is not right")
    page.fill("Code from the mail", f"{code[:4]} {code[4:]}")
    page.press("Set the password")
    page.wait_message("Your password is changed")
    assert client.login(person.email, chosen)


def test_a_second_factor_is_asked_for(service, drive, client, person):
    """Security incident 18: a link from a mail passes no second factor by."""
    factor = person.post("/v1/me/factors", {"type": "totp", "name": "phone"}).json()
    code = totp(factor["secret"])
    recovery = person.post(f"/v1/me/factors/{factor['id']}/verify", {"code": code}).json()["recovery_codes"]
    page = Page(drive(), mailed(service, client, "login", person.email).link)
    page.press("Sign in")
    page.wait_message("Your account has a second factor.")
    page.fill("Code of your authenticator", "000000")
    page.press("Sign in")
    page.wait_problem("is not right")
    page.press("Use a recovery code")
    page.fill("Recovery code", recovery[0])
    page.press("Sign in")
    page.wait_message(f"You are signed in as {person.email}.")


def test_a_new_address_is_proved(service, drive, client, person):
    new = client.new_email()
    assert person.post("/v1/me/email", {"email": new}).status == 202
    page = Page(drive("de"), service.wait_mail(new, "email_change").link)
    page.press("Diese Adresse verwenden")
    page.wait_message("Ihre Adresse ist geändert.")
    assert person.get("/v1/me").json()["email"] == new


def test_who_is_invited_makes_an_account(service, drive, client):
    email, password = client.new_email(), new_password()
    made = json.loads(service.replicas[0].run("user", "invite", email, "--print-link", "--json"))
    page = Page(drive(), made["url"])
    page.fill("E-mail address", "x" + email)
    page.fill("Password", password)
    page.press("Make the account")
    page.wait_problem("for another address")
    page.fill("E-mail address", email)
    page.fill("Name", "Grace Hopper")
    page.press("Make the account")
    page.wait_message("Your account is made.")
    me = client.get("/v1/me", token=client.login(email, password)["access_token"]).json()
    assert (me["name"], me["email_verified"]) == ("Grace Hopper", True)


def test_a_page_shows_nothing_it_was_not_made_for(service, drive):
    """No frame, no other origin, no script but its own; what stands in the address is not run and not shown."""
    page = Page(drive(), service.issuer + "/ui/reset?lang=de&utm_source=mail#<img src=x onerror=alert(1)>")
    assert page.title == "Neues Passwort wählen"
    assert "<img" not in page.browser.find_element(By.TAG_NAME, "body").text
    assert page.browser.execute_script("return document.images.length") == 0
    for name in ("email", "invite"):
        assert Page(drive(), f"{service.issuer}/ui/{name}").text_of("problem") == "Open this page by the link in your mail."


def requests_of(browser):
    """What the browser has sent since it was asked last: address, fields, body."""
    entries = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [entry["params"]["request"] for entry in entries if entry["method"] == "Network.requestWillBeSent"]
    fields = [entry["params"]["headers"] for entry in entries if entry["method"] == "Network.requestWillBeSentExtraInfo"]
    return sent, fields


def logged_requests(service):
    """The lines of the service about requests: mail is printed beside them."""
    return [line for line in service.replicas[0].process.read_log().splitlines() if '"request"' in line and "/ui/" in line]


def test_what_a_link_holds_leaves_the_browser_in_a_body_alone(service, drive, client, person):
    """OWASP ASVS 14.2.1, 3.4.5: neither an address nor a Referer nor a log tells it, and only a button sends it."""
    browser = drive()
    mail = mailed(service, client, "login", person.email)
    requests_of(browser)
    page = Page(browser, mail.link)
    WebDriverWait(browser, SECONDS).until(lambda _: "v1/config" in browser.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name).join()"))
    sent, fields = requests_of(browser)
    assert len(sent) >= 3 and {request["method"] for request in sent} == {"GET"}
    assert mail.token not in json.dumps([[request["url"], request["headers"]] for request in sent] + fields)
    page.press("Sign in")
    page.wait_message("You are signed in")
    sent, fields = requests_of(browser)
    assert [request["method"] for request in sent if mail.token in request.get("postData", "")] == ["POST"]
    assert mail.token not in json.dumps([[request["url"], request["headers"]] for request in sent] + fields)
    assert not [each for each in fields if "Referer" in each or "referer" in each]
    assert logged_requests(service) and not [line for line in logged_requests(service) if mail.token in line]
    assert browser.execute_script("return [document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]


def test_a_page_is_used_by_keyboard_alone(service, drive, client, person):
    page = Page(drive(), mailed(service, client, "reset", person.email).link)
    chosen = new_password()

    def focused():
        return page.browser.switch_to.active_element

    assert focused().get_attribute("id") == "newPassword"
    focused().send_keys(chosen, Keys.TAB)
    assert focused().get_attribute("id") == "show"
    focused().send_keys(Keys.SPACE)
    assert page.browser.find_element(By.ID, "newPassword").get_attribute("type") == "text"
    focused().send_keys(Keys.TAB)
    assert focused().text == "Set the password"
    outline = page.browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "where one is can be seen"
    focused().send_keys(Keys.ENTER)
    page.wait_message("Your password is changed")
    assert focused().get_attribute("id") == "title", "what comes next is read from its beginning"
    assert client.login(person.email, chosen)


def test_a_screen_reader_is_told_what_is_wrong(service, drive):
    page = Page(drive(), service.issuer + "/ui/invite#iv_nothing")
    assert {page.browser.find_element(By.ID, name).get_attribute("role") for name in ("message", "problem")} == {"status", "alert"}
    assert len(page.browser.find_elements(By.TAG_NAME, "h1")) - len(page.browser.find_elements(By.CSS_SELECTOR, "noscript h1")) == 1
    page.fill("E-mail address", "nobody")
    page.press("Make the account")
    page.wait(lambda: page.text_of("email-error") == "This is no e-mail address.")
    email, password = (page.browser.find_element(By.ID, name) for name in ("email", "password"))
    assert page.browser.switch_to.active_element == email
    assert email.get_attribute("aria-invalid") == password.get_attribute("aria-invalid") == "true"
    assert email.get_attribute("aria-describedby") == "email-error"
    assert password.get_attribute("aria-describedby").split() == ["password-hint", "password-error"]
    page.fill("E-mail address", "nobody@example.org")
    page.fill("Password", new_password())
    page.press("Make the account")
    page.wait_problem("was used before")
    assert not page.browser.find_elements(By.CLASS_NAME, "error")
    assert email.get_attribute("aria-invalid") == "false"


def test_who_has_an_account_is_not_told(service, drive, client, person):
    """Security incident 44: the same words and the same requests for any address."""
    seen = []
    for email in (person.email, client.new_email()):
        page = Page(drive(), service.issuer + "/ui/reset")
        page.fill("E-mail address", email)
        requests_of(page.browser)
        page.press("Send me a code")
        page.wait_message("If there is an account with this address, mail is on its way.")
        sent, _ = requests_of(page.browser)
        seen.append((page.browser.find_element(By.TAG_NAME, "main").text, [(each["method"], each["url"]) for each in sent]))
    assert seen[0] == seen[1]
    service.wait_mail(person.email, "password_reset")


def test_too_many_attempts_are_told_with_the_time_to_wait(service, drive, client):
    email = client.new_email()
    page = Page(drive(), service.issuer + "/ui/login")
    for _ in range(5):
        assert client.post("/v1/codes", {"purpose": "login", "email": email}).status == 202
    page.fill("E-mail address", email)
    page.press("Send me a code")
    page.wait_problem("Too many attempts. Try again in ")
    assert 0 < int(page.text_of("problem").split()[-2]) <= 60


def test_a_button_pressed_twice_posts_once(service, drive, client, person):
    page = Page(drive(), mailed(service, client, "login", person.email).link)
    requests_of(page.browser)
    page.browser.execute_script("const b = document.querySelector('button'); b.click(); b.click();")
    page.wait_message("You are signed in")
    sent, _ = requests_of(page.browser)
    assert len([each for each in sent if each["method"] == "POST"]) == 1


def test_a_second_link_in_the_same_tab_is_another_page(service, drive, client, person):
    """They differ behind the # alone, for which a browser loads nothing."""
    page = Page(drive(), service.issuer + "/ui/login#lk_nothing")
    page.press("Sign in")
    page.wait_problem("was used before")
    page.browser.get(mailed(service, client, "login", person.email).link)
    page.wait_message("Press the button")
    page.press("Sign in")
    page.wait_message("You are signed in")


def test_too_many_wrong_second_factors_begin_anew(service, drive, client, person):
    factor = person.post("/v1/me/factors", {"type": "totp", "name": "phone"}).json()
    person.post(f"/v1/me/factors/{factor['id']}/verify", {"code": totp(factor["secret"])})
    page = Page(drive(), mailed(service, client, "login", person.email).link)
    page.press("Sign in")
    page.wait_message("second factor")
    for _ in range(6):
        if page.browser.find_elements(By.ID, "email"):
            break
        page.fill("Code of your authenticator", "000000")
        page.press("Sign in")
        page.wait(lambda: page.text_of("problem") or page.browser.find_elements(By.ID, "email"))
    page.wait(lambda: page.browser.find_elements(By.ID, "email"))
    assert "Begin it again" in page.text_of("problem")


def test_who_must_have_a_second_factor_sets_it_up_on_the_way_in(strict, drive):
    client, browser = strict.client(), drive()
    email = client.new_email()
    assert client.post("/v1/signup", {"email": email, "password": new_password()}).status == 202
    page = Page(browser, mailed(strict, client, "login", email).link)
    page.press("Sign in")
    page.wait_message("must have a second factor")
    page.press("Set up a second factor")
    page.wait_message("Scan this")
    keep(browser, "enrol")
    assert browser.execute_script("const i = document.querySelector('img'); return i.alt !== '' && i.decode().then(() => i.naturalWidth > 0)")
    seed = browser.find_element(By.TAG_NAME, "code").text
    assert browser.find_element(By.TAG_NAME, "a").get_attribute("href").startswith("otpauth://totp/")
    page.fill("Code of your authenticator", "000000")
    page.press("Sign in")
    page.wait_problem("is not right")
    page.fill("Code of your authenticator", totp(seed))
    page.press("Sign in")
    page.wait_message(f"You are signed in as {email}. Keep these recovery codes")
    keep(browser, "codes")
    codes = [each.text for each in browser.find_elements(By.TAG_NAME, "code")]
    assert len(codes) == 10
    again = Page(browser, mailed(strict, client, "login", email).link)
    again.press("Sign in")
    again.wait_message("second factor")
    again.press("Use a recovery code")
    again.fill("Recovery code", codes[0])
    again.press("Sign in")
    again.wait_message("You are signed in")
    assert page.problems() == []


def test_without_javascript_the_page_says_that_it_needs_it(service, drive):
    browser = drive()
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(service.issuer + "/ui/verify#lk_x")
        text = browser.find_element(By.TAG_NAME, "body").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "This page needs JavaScript" in text and "braucht JavaScript" in text


@pytest.mark.parametrize("width,height", [(1280, 800), (375, 667)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_its_window_and_can_be_read(service, drive, client, width, height, scheme):
    """PAGES_FOLDER=... keeps what was seen."""
    browser = drive("de")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    for name in ("reset#lk_x", "login", "invite#iv_x", "verify#lk_x"):
        page = Page(browser, f"{service.issuer}/ui/{name}")
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        unlabelled = browser.execute_script("return [...document.querySelectorAll('input')].filter(i => !i.labels.length).length")
        assert unlabelled == 0
        assert contrast(browser) >= 4.5, f"{name} {scheme}: {contrast(browser)}"
        keep(browser, f"{name.split('#')[0]}-{width}-{scheme}")
    page = Page(browser, f"{service.issuer}/ui/invite#iv_x")
    page.fill("Passwort", "etwas langes")
    page.press("Konto anlegen")
    page.wait(lambda: page.text_of("email-error"))
    keep(browser, f"field-{width}-{scheme}")
    assert contrast(browser) >= 4.5
    page.fill("E-Mail-Adresse", "somebody@example.org")
    page.press("Konto anlegen")
    page.wait_problem("Diese Einladung")
    keep(browser, f"problem-{width}-{scheme}")
    assert contrast(browser) >= 4.5
    page = Page(browser, f"{service.issuer}/ui/reset")
    page.fill("E-Mail-Adresse", client.new_email())
    page.press("Code zusenden")
    page.wait_message("unterwegs")
    keep(browser, f"sent-{width}-{scheme}")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert page.problems() == []


def keep(browser, name):
    if os.environ.get("PAGES_FOLDER"):
        browser.save_screenshot(f"{os.environ['PAGES_FOLDER']}/{name}.png")


def contrast(browser):
    """The least contrast of a text with what lies behind it; that of the edge of a field may be a third less (WCAG 2.2, 1.4.3,
    1.4.11)."""
    texts, edges = browser.execute_script("""
        const behind = (e) => { for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor; if (colour !== 'rgba(0, 0, 0, 0)') return colour; } };
        const all = (names) => [...document.querySelectorAll(names)];
        return [all('h1,p,label,button').filter((e) => e.innerText.trim()).map((e) => [getComputedStyle(e).color, behind(e)]),
            all('input').map((e) => [getComputedStyle(e).borderTopColor, behind(e)])];""")

    def luminance(colour):
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1:-1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def ratio(pair):
        dark, light = sorted(map(luminance, pair))
        return (light + 0.05) / (dark + 0.05)

    return min([ratio(pair) for pair in texts] + [1.5 * ratio(pair) for pair in edges])
