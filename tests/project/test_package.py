"""The project installed as a package, used outside the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("analysis", "common", "experiments", "glitches", "influence", "models")
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the files that git knows, so that the repository stays clean."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in project_files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-c", BUILD, str(out)], cwd=source, check=True, capture_output=True
    )
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with the wheel and the libraries of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "lib" / version / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


def project_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def run(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment.pop("MLFLOW_TRACKING_URI", None)
    environment |= {"INFLUENCE_CACHE": str(folder / "cache"), "INFLUENCE_SPOOL": str(folder / "s")}
    return subprocess.run(
        [str(python), *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    expected = {name for name in project_files() if name.split("/")[0] in PACKAGES}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == expected


def test_audit_in_a_notebook_of_another_folder(python: Path, tmp_path: Path) -> None:
    code = (
        "import experiments, numpy as np; from experiments.audit import audit;"
        "rng = np.random.default_rng(0); x = rng.normal(size=(60, 3)); y = (x[:, 0] > 0) * 1;"
        "print(len(audit(x, y).table), experiments.__file__ or list(experiments.__path__))"
    )
    shown = run(python, tmp_path, "-c", code)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("60 ")
    assert str(python.parents[1]) in shown.stdout


def test_a_trial_is_logged_to_the_working_directory(python: Path, tmp_path: Path) -> None:
    words = ["--dataset", "wine", "--model", "mlp", "--glitch", "uniform_noise", "--epochs", "1"]
    shown = run(python, tmp_path, "-m", "experiments.trial", *words)
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "mlflow.db").is_file()
    assert not list((python.parents[1] / "lib").rglob("mlflow.db"))


def test_a_grid_lists_its_trials(python: Path, tmp_path: Path) -> None:
    shown = run(python, tmp_path, "-m", "experiments.grid", "--grid", "quick", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "6 trials, 0 finished, 6 to run" in shown.stdout


def test_code_version_is_that_of_the_repository(python: Path, tmp_path: Path) -> None:
    code = "from experiments.tracking.provenance import code_version; print(code_version())"
    here = run(Path(sys.executable), ROOT, "-c", code)
    there = run(python, tmp_path, "-c", code)
    assert there.stdout == here.stdout != ""


def test_doctor_compares_libraries_with_the_pins_of_the_package(
    python: Path, tmp_path: Path
) -> None:
    code = "from experiments.doctor.checks import _libraries; print(_libraries())"
    shown = run(python, tmp_path, "-c", code)
    assert "all " in shown.stdout, shown.stdout + shown.stderr
