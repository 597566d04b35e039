"""The structure of the code: folders, who writes to MLflow, what reading a store loads."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("analysis", "common", "experiments", "glitches", "influence", "models")
TOP = (*PACKAGES, "benchmarks", "deploy", "docs", "tests")
WRITES = {
    "create_experiment",
    "create_run",
    "delete_run",
    "log_artifact",
    "log_artifacts",
    "log_batch",
    "log_dict",
    "log_figure",
    "log_inputs",
    "log_metric",
    "log_param",
    "log_text",
    "set_tag",
    "set_terminated",
    "update_run",
}
TREE = re.compile(r"^(?P<indent>[│ ]*(?:[├└]── )?)(?P<name>\w+)/ {2,}\S")


def tree_of_the_readme() -> set[str]:
    """The folders that the README's annotated tree names, as paths."""
    block = (ROOT / "README.md").read_text().split("## Where things are", 1)[1].split("```")[1]
    found, top = set(), ""
    for line in block.splitlines()[1:]:
        match = TREE.match(line)
        assert match, line
        if not match["indent"]:
            top = match["name"]
            found.add(top)
        else:
            found.add(f"{top}/{match['name']}")
    return found


def rooms() -> set[str]:
    """The folders of the first level, and those with code within the packages."""
    inner = {
        f"{package}/{path.name}"
        for package in PACKAGES
        for path in (ROOT / package).iterdir()
        if path.is_dir() and any(path.glob("*.py"))
    }
    return set(TOP) | inner


def test_the_readme_shows_every_room_and_no_other() -> None:
    assert tree_of_the_readme() == rooms()


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def calls(path: Path) -> set[str]:
    """Names of the methods that a module calls."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return {
        n.func.attr for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }


def test_mlflow_is_written_in_tracking_only() -> None:
    writers = {path.parent.name for path in modules() if calls(path) & WRITES}
    assert writers == {"tracking"}


@pytest.mark.parametrize(
    "loaded", ["analysis.notebook", "analysis.tables", "analysis.report", "experiments.schema"]
)
def test_reading_stored_runs_loads_neither_torch_nor_ray(loaded: str) -> None:
    code = f"import sys, {loaded}; print({{'torch', 'ray', 'captum'}} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_a_grid_loads_ray_only_for_trials_that_run() -> None:
    code = "import sys, experiments.commands.grid_run; print('ray' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_tests_mirror_the_rooms() -> None:
    folders = {
        path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")
    }
    mirrored = {folder for folder in folders if folder.parts[0] in PACKAGES}
    assert mirrored
    assert [folder for folder in sorted(mirrored) if not (ROOT / folder).is_dir()] == []
