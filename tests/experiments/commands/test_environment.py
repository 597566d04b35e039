"""Commands where the environment lacks what is usually there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NO_USER = """
import pwd


def getpwuid(uid):
    raise KeyError(uid)


pwd.getpwuid = getpwuid
"""
COMMANDS = {
    "trial": ["--dataset", "wine", "--model", "mlp", "--glitch", "uniform_noise", "--epochs", "1"],
    "grid": ["--grid", "quick", "--dry-run"],
    "audit": ["--data", "wine"],
}

pytestmark = pytest.mark.slow


def run(
    command: str, folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-m", f"experiments.{command}", *COMMANDS[command]]
    words += ["--tracking-uri", f"sqlite:///{folder}/runs.db", "--experiment", "Prüfung"]
    usual = {k: v for k, v in os.environ.items() if k != "HOME" and not k.startswith("XDG_")}
    return subprocess.run(
        words, cwd=folder, env=usual | environment, capture_output=True, check=False
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_home_directory(command: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_USER)
    shown = run(command, tmp_path, {"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert shown.returncode == 2, shown.stderr
    (line,) = shown.stderr.splitlines()
    assert b"HOME" in line
    assert [path.name for path in tmp_path.iterdir() if path.name != "__pycache__"] == [
        "sitecustomize.py"
    ]


@pytest.mark.parametrize(
    "file", ["tables", "figures", "claims", "report", "significance", "truth", "evaluate"]
)
def test_analysis_without_a_home_directory(file: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_USER)
    usual = {k: v for k, v in os.environ.items() if k != "HOME" and not k.startswith("XDG_")}
    words = [sys.executable, "-m", f"analysis.{file}"]
    if file != "evaluate":  # the others are run by their path as well
        words = [sys.executable, str(ROOT / "analysis" / f"{file}.py")]
    shown = subprocess.run(
        [*words, "--tracking-uri", f"sqlite:///{tmp_path}/runs.db"],
        env=usual | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        check=False,
    )
    assert shown.returncode == 2, shown.stderr
    (line,) = shown.stderr.splitlines()
    assert b"HOME" in line


@pytest.mark.parametrize("command", COMMANDS)
def test_with_ascii_output(command: str, tmp_path: Path) -> None:
    shown = run(
        command,
        tmp_path,
        {"PYTHONIOENCODING": "ascii", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )
    assert shown.returncode == 0, shown.stderr
    assert b"Traceback" not in shown.stderr
    assert shown.stdout.isascii()
