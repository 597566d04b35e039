"""Every command and every Python block of the README and the docs fits the code."""

import contextlib
import io
import re
import runpy
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TUTORIAL = ROOT / "docs" / "tutorial.md"
"""Runs as a notebook, see ``test_tutorial.py``."""
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    found = []
    for page in PAGES:
        for language, body in BLOCK.findall(page.read_text()):
            if language == "bash":
                joined = body.replace("\\\n", " ")
                lines = (line.split(" #")[0].strip() for line in joined.splitlines())
                found += [line for line in lines if line and not line.startswith("#")]
    return sorted(set(found))


def words_after(command: str, *start: str) -> list[str] | None:
    """The words behind ``start`` in a command, ``uv run`` and assignments in front left out."""
    words = shlex.split(command)
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words = words[1:]
    if words[:2] == ["uv", "run"]:
        words = words[2:]
    return words[len(start) :] if words[: len(start)] == list(start) else None


def entry_points() -> dict[str, str]:
    """The module that each entry point runs."""
    project = yaml.safe_load((ROOT / "MLproject").read_text())
    return {name: one["command"].split()[2] for name, one in project["entry_points"].items()}


def test_the_two_commands_are_there() -> None:
    assert "uv run mlflow run . -e main --env-manager local" in commands()
    assert "uv run pytest -n 2 --dist loadfile" in commands()


@pytest.mark.parametrize("command", [c for c in commands() if "mlflow run " in c])
@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")  # runpy, run in-process
def test_mlflow_run_names_an_entry_point_and_its_options(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = words_after(command, "mlflow", "run", ".")
    assert words is not None, command
    entry = words[words.index("-e") + 1]
    assert entry in entry_points(), command
    shown = help_of(["-m", entry_points()[entry]], monkeypatch)
    given = [words[i + 1].split("=")[0] for i, word in enumerate(words) if word == "-P"]
    for name in given:
        assert f"--{name.replace('_', '-')} " in shown, command


def help_of(words: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What ``python words --help`` prints; run in this process, where all is imported already."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setattr(sys, "argv", [words[0], "--help"])
    start = (
        partial(runpy.run_module, words[1], alter_sys=True)
        if words[0] == "-m"
        else partial(runpy.run_path, str(ROOT / words[0]))
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        start(run_name="__main__")
    assert not ended.value.code
    return printed.getvalue()


@pytest.mark.parametrize("command", [c for c in commands() if words_after(c, "python")])
@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")  # runpy, run in-process
def test_python_commands_exist_with_their_options(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = words_after(command, "python")
    assert words is not None
    shown = help_of(words, monkeypatch)
    options = [word.split("=")[0] for word in words if word.startswith("--")]
    for option in options:
        assert re.search(rf"(^|[\s,\[]){re.escape(option)}\b", shown), (command, option)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != TUTORIAL], ids=lambda page: page.name
)
def test_python_blocks_run(page: Path) -> None:
    blocks = [body for language, body in BLOCK.findall(page.read_text()) if language == "python"]
    namespace: dict[str, Any] = {"__name__": page.stem}
    for body in blocks:
        exec(compile(body, str(page), "exec"), namespace)  # noqa: S102 - the project's own docs
