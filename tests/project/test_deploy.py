"""The compose file: versions as pinned, nothing open to the network, no password in it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def services() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"])


def test_every_port_is_published_on_the_loopback_interface() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_passwords_come_from_the_environment() -> None:
    values = [
        (name, str(value))
        for service in services().values()
        for name, value in service.get("environment", {}).items()
        if "PASSWORD" in name
    ]
    assert len(values) == 2
    assert all(value.startswith("${") for _, value in values)
    assert "deploy/.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_server_has_the_versions_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins = {*project["project"]["dependencies"], *project["dependency-groups"]["dev"]}
    named = set(re.findall(r"[\w\[\]]+==[\d.]+", (DEPLOY / "mlflow.Dockerfile").read_text()))
    assert len(named) == 2
    assert named <= pins
