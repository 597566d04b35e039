"""The version of the code covers everything that a trial imports."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.tracking.provenance import code_version, source_files

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("analysis", "common", "experiments", "glitches", "influence", "models")

# Images, tables and user data, several models, glitches and estimators, and ground truth.
REQUESTS: list[dict[str, object]] = [
    {
        "dataset": "digits",
        "model": "small_convnet",
        "glitch": "far_clustered_anomalies:0.05+stripe_outliers:0.05",
        "subset": 0.2,
        "signals": "self_influence+fused+fused_alone",
    },
    {
        "dataset": "wine",
        "model": "softmax_regression",
        "glitch": "class_dependent_noise",
        "truth": True,
    },
    {
        "dataset": "breast_cancer",
        "model": "mlp",
        "glitch": "near_clustered_anomalies",
        "estimator": "captum",
    },
    {"dataset": "wine", "model": "tabular_resnet", "glitch": "uniform_noise", "signals": "all"},
    {"dataset": "wine", "model": "ft_transformer", "glitch": "none", "estimator": "arnoldi"},
    {
        "dataset": "table.csv",
        "model": "mlp",
        "glitch": "known_glitches",
        "known_glitch": "bad",
    },
]

RUN = """
import json, sys
from pathlib import Path
from experiments.training.context import TrialContext
from experiments.trial.resolve import resolve
from experiments.trial.run import run_trial

folder = Path(sys.argv[1])
for request in json.loads(sys.argv[2]):
    spec = resolve({"epochs": 1} | request, folder)
    run_trial(spec, TrialContext(folder, folder / "cache"))
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps({name: file for name, file in files.items() if file is not None}))
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files of the project that trials import in a fresh process, relative to its root."""
    folder = tmp_path_factory.mktemp("provenance")
    rows = [f"{i % 7},{i % 11},{'pq'[i % 2]},{int(i % 9 == 0)}" for i in range(90)]
    (folder / "table.csv").write_text("\n".join(["a,b,label,bad", *rows]) + "\n")
    found = subprocess.run(
        [sys.executable, "-c", RUN, str(folder), json.dumps(REQUESTS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = json.loads(found.stdout.splitlines()[-1])
    return sorted(
        Path(file).relative_to(ROOT)
        for name, file in modules.items()
        if name.partition(".")[0] in PACKAGES
    )


@pytest.mark.slow
def test_every_module_that_a_trial_imports_is_hashed(imported: list[Path]) -> None:
    assert Path("experiments/trial/inject.py") in imported
    assert set(imported) <= {path.relative_to(ROOT) for path in source_files()}


@pytest.mark.slow
def test_a_change_in_any_of_them_is_another_version(imported: list[Path], tmp_path: Path) -> None:
    for path in source_files():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    unchanged = code_version(tmp_path)
    assert unchanged == code_version()
    for file in imported:
        code_version.cache_clear()
        with (tmp_path / file).open("a") as changed:
            changed.write("# changed\n")
        assert code_version(tmp_path) != unchanged, file
        shutil.copyfile(ROOT / file, tmp_path / file)
    code_version.cache_clear()
    assert code_version(tmp_path) == unchanged
