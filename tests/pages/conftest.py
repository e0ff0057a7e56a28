# SPDX-License-Identifier: MIT
"""The pages that links in mail lead to, in a browser: the service with its own address as issuer, and a headless Chromium."""
import os
import pathlib
import shutil
import sys
import tempfile

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service as Driver

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support" / "python"))
# pylint: disable=wrong-import-position
from authtest import checks
from authtest.ports import free_port
from authtest.service import Replica, Service

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars")


@pytest.fixture(scope="session", name="folder")
def fixture_folder():
    path = tempfile.mkdtemp(prefix="pages-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def fixture_clean_logs(folder):  # pylint: disable=unused-argument
    yield
    problems = checks.problems_of_logs()
    assert not problems, "\n".join(problems)


def start(folder, name, **settings):
    """Its own address is the issuer, for links to lead to it."""
    port = free_port()
    settings = {"SQL_URI": f"sqlite:///{folder}/{name}.db", "AUTH_ISSUER": f"http://127.0.0.1:{port}",
                "AUTH_LISTEN": f"127.0.0.1:{port}", **settings}
    replica = Replica(folder, name, settings)
    replica.address = ("127.0.0.1", port)
    made = Service("sqlite", [replica], database=f"{folder}/{name}.db").start()
    made.issuer = settings["AUTH_ISSUER"]
    return made


@pytest.fixture(scope="session", name="service")
def fixture_service(folder):
    made = start(folder, "auth-pages", AUTH_SIGNUP_VERIFICATION="on")
    yield made
    made.stop()


@pytest.fixture(name="strict")
def fixture_strict(folder):
    """Where everybody must have a second factor."""
    made = start(folder, "auth-strict", AUTH_MFA="required")
    yield made
    made.stop()


@pytest.fixture(scope="session", name="drive")
def fixture_drive(folder):
    """drive(language): a browser whose user reads that language; one process for each."""
    browsers = {}
    assert shutil.which("chromium") and shutil.which("chromedriver"), "run scripts/install-packages e2e"

    def drive(language="en"):
        if language not in browsers:
            options = webdriver.ChromeOptions()
            options.binary_location = shutil.which("chromium")
            for flag in (*FLAGS, f"--user-data-dir={folder}/chromium-{language}", f"--lang={language}",
                         f"--accept-lang={language}"):
                options.add_argument(flag)
            options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
            driver = Driver(shutil.which("chromedriver"), log_output=os.path.join(folder, "chromedriver.log"))
            browsers[language] = webdriver.Chrome(options=options, service=driver)
            browsers[language].set_page_load_timeout(20)
        return browsers[language]

    drive.browsers = browsers
    yield drive
    for browser in browsers.values():
        browser.quit()


@pytest.fixture(autouse=True)
def fixture_forget(drive):
    """What a browser complained of in earlier tests."""
    for browser in drive.browsers.values():
        browser.get_log("browser")


@pytest.fixture(name="client")
def fixture_client(service):
    return service.client()
