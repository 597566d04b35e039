"""conda.yaml and pyproject.toml make the same environment."""

import tomllib
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def conda_dependencies() -> list[Any]:
    found: list[Any] = yaml.safe_load((ROOT / "conda.yaml").read_text())["dependencies"]
    return found


def test_the_pins_agree() -> None:
    (from_pip,) = (entry["pip"] for entry in conda_dependencies() if isinstance(entry, dict))
    assert sorted(from_pip) == sorted(project()["dependencies"])


def test_every_dependency_is_pinned() -> None:
    for text in project()["dependencies"]:
        (pin,) = Requirement(text).specifier
        assert pin.operator == "==", text


def test_conda_takes_a_python_that_the_project_supports() -> None:
    (python,) = (e for e in conda_dependencies() if isinstance(e, str) and e.startswith("python="))
    assert python.removeprefix("python=") in SpecifierSet(project()["requires-python"])


def test_conda_brings_pip_for_what_it_installs_by_pip() -> None:
    assert "pip" in conda_dependencies()
