"""Reading a store needs nothing of what a trial needs."""

import subprocess
import sys
from pathlib import Path

import pytest

ANALYSIS = Path(__file__).resolve().parents[2] / "analysis"
MODULES = sorted(f"analysis.{path.stem}" for path in ANALYSIS.glob("[!_]*.py"))
FORBIDDEN = (
    "torch",
    "ray",
    "captum",
    "experiments.trial.run",
    "experiments.trial.spec",
    "models.base",
)


def test_analysis_imports_neither_ray_nor_torch_nor_training() -> None:
    code = f"import sys, {', '.join(MODULES)}; print([m for m in {FORBIDDEN} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(ANALYSIS.glob("*.py")), ids=lambda path: path.stem)
def test_no_module_bears_a_name_of_the_standard_library(path: Path) -> None:
    assert path.stem == "__init__" or path.stem not in sys.stdlib_module_names
