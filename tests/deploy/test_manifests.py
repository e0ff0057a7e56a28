# SPDX-License-Identifier: MIT
"""What the manifests say agrees with the program: settings, exit codes, ports, users."""

import pathlib
import re

import pytest

yaml = pytest.importorskip("yaml")

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = set(re.findall(r"SET_\w+\(\w+, ([A-Z][A-Z0-9_]+),", (ROOT / "include/auth/config/settings.def").read_text()))
SETTINGS -= {"NAME"}
# Those the image decides, and those a stack of containers has no use for.
# ALLOW_DATA_LOSS is for the migrations service alone.
NOT_IN_COMPOSE = {"AUTH_LISTEN", "AUTH_OPS_LISTEN", "AUTH_DATA_DIR", "SQL_URI", "ALLOW_DATA_LOSS"}
KUBERNETES = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))


def is_setting(name):
    return name in SETTINGS or name.removesuffix("_FILE") in SETTINGS


def documents():
    return [document for file in KUBERNETES for document in yaml.safe_load_all(file.read_text())]


def workloads():
    return [document for document in documents() if document["kind"] in ("Deployment", "Job")]


def containers(workload):
    pod = workload["spec"]["template"]["spec"]
    return pod.get("initContainers", []) + pod["containers"]


def compose(name="docker-compose.yml"):
    return yaml.safe_load((ROOT / name).read_text())


def test_every_setting_can_be_given_to_the_stack():
    given = set(compose()["services"]["auth"]["environment"])
    assert SETTINGS - given - NOT_IN_COMPOSE == set()


@pytest.mark.parametrize("name", ["docker-compose.yml", "docker-compose.production.yml"])
def test_compose_knows_no_other_settings(name):
    given = set(compose(name)["services"]["auth"]["environment"]) - {"ENTRYPOINT_MAKES_SECRET_KEY"}
    assert [name for name in given if not is_setting(name)] == []


def test_the_config_maps_and_the_unit_name_settings():
    names = set()
    for document in documents():
        if document["kind"] == "ConfigMap" and document["metadata"]["name"] == "auth-settings":
            names |= set(document["data"])
    unit = (ROOT / "deploy/systemd/auth.service").read_text()
    names |= set(re.findall(r"^Environment=([A-Z_]+)=", unit, re.MULTILINE))
    assert len(names) > 5 and [name for name in names if not is_setting(name)] == []


def test_the_webserver_settings_are_those_of_its_image():
    known = set(re.findall(r"(NGINX_[A-Z_]+)=", (ROOT / "nginx.Dockerfile").read_text()))
    config = next(d for d in documents() if d.get("metadata", {}).get("name") == "auth-webserver-settings")
    assert set(config["data"]) <= known
    assert set(compose()["services"]["webserver"]["environment"]) <= known


def test_the_job_gives_up_on_what_another_try_cannot_mend_and_on_nothing_else():
    header = (ROOT / "include/auth/store/migration_failure.h").read_text()
    codes = {name: int(value) for name, value in re.findall(r"MIGRATION_EXIT_(\w+) = (\d+)", header)}
    job = next(document for document in documents() if document["kind"] == "Job")
    rules = job["spec"]["podFailurePolicy"]["rules"]
    by_action = {rule["action"]: set(rule["onExitCodes"]["values"]) for rule in rules if "onExitCodes" in rule}
    retried = {codes["LOCKED"], codes["UNREACHABLE"], codes["TERMINATED"]}
    assert by_action == {"FailJob": set(codes.values()) - retried - {codes["OK"]}, "Count": retried}


def test_no_container_has_privileges():
    for workload in workloads():
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        for container in containers(workload):
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
            assert context["capabilities"]["drop"] == ["ALL"]
            assert container["resources"]["limits"]["memory"]


def test_users_are_those_of_the_images():
    users = {"auth": 10001, "auth-webserver": 101}
    for workload in workloads():
        for container in containers(workload):
            image = container["image"].split(":")[0]
            assert workload["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == users[image]


def test_selectors_meet_their_pods():
    labels = [w["spec"]["template"]["metadata"]["labels"] for w in workloads()]
    for document in documents():
        selector = document["spec"].get("selector") or document["spec"].get("podSelector") if "spec" in document else None
        if selector:
            wanted = selector.get("matchLabels", selector)
            assert wanted in labels, document["metadata"]


def test_whatever_kustomize_lists_exists():
    listed = yaml.safe_load((ROOT / "deploy/kubernetes/kustomization.yaml").read_text())["resources"]
    assert [name for name in listed if not (ROOT / "deploy/kubernetes" / name).is_file()] == []


def test_services_drop_their_privileges_and_only_the_webserver_is_published():
    services = compose()["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["webserver"]
    for name in ("webserver", "auth", "migrations"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
    for service in services.values():
        assert "mem_limit" in service and "pids_limit" in service and "restart" in service


def test_production_holds_no_secret_in_its_environment():
    for service in compose("docker-compose.production.yml")["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "SECRET" in name:
                assert value in ("", "off") or name.endswith("_FILE")
