"""``--help`` answers at once: it loads no library that takes seconds to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = ("torch", "mlflow", "ray", "pandas", "sklearn", "timm", "matplotlib", "scipy")
COMMANDS = [
    *(f"experiments.{name}" for name in ("audit", "doctor", "grid", "repair", "trial")),
    *(
        f"analysis.{name}"
        for name in ("claims", "evaluate", "figures", "report", "significance", "tables", "truth")
    ),
]
SCRIPT = """
import runpy, sys
sys.argv = ["command", "--help"]
try:
    runpy.run_module({module!r}, run_name="__main__")
finally:
    print("loaded:", *[name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_loads_nothing_heavy(command: str) -> None:
    code = SCRIPT.format(module=command, heavy=HEAVY)
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "--" in shown.stdout
    assert shown.stderr.strip() == "loaded:"
