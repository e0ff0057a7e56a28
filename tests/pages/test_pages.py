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
SECONDS = 10


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
    made = json.loads(service.replicas[0].run("user", "invite", email, "--json"))
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


@pytest.mark.parametrize("width,height", [(1280, 800), (375, 667)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_its_window_and_can_be_read(service, drive, width, height, scheme):
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
        if os.environ.get("PAGES_FOLDER"):
            browser.save_screenshot(f"{os.environ['PAGES_FOLDER']}/{name.split('#')[0]}-{width}-{scheme}.png")
    assert page.problems() == []


def contrast(browser):
    """The least contrast of a text with what lies behind it (WCAG 2.2, 1.4.3)."""
    pairs = browser.execute_script("""
        const behind = (e) => { for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor; if (colour !== 'rgba(0, 0, 0, 0)') return colour; } };
        return [...document.querySelectorAll('h1,p,label,button')].filter((e) => e.innerText.trim())
            .map((e) => [getComputedStyle(e).color, behind(e)]);""")

    def luminance(colour):
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1:-1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    ratios = []
    for pair in pairs:
        dark, light = sorted(map(luminance, pair))
        ratios.append((light + 0.05) / (dark + 0.05))
    return min(ratios)
