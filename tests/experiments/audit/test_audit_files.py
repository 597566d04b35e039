"""What the results of an audit say, and where they go."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from common.dataset import Dataset
from experiments.audit.explain import clusters as grouping
from experiments.audit.explain.features import Looks
from experiments.audit.output.files import deliver
from influence.diagnosis.base import CORRUPTED, NO_LABEL, Diagnosis


def test_results_leave_their_folder_as_open_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o755)
    (out / "old.csv").write_text("old")
    with TemporaryDirectory() as folder:
        (Path(folder) / "old.csv").write_text("new")
        deliver(Path(folder), out)
    assert (out / "old.csv").read_text() == "new"
    assert out.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1] * 12, "12 samples like this, all labelled b"),
        ([1] * 8 + [0, 0, 2, 2], "12 samples like this, 8 of them labelled b"),
        ([0] * 3 + [1] * 4 + [2] * 5, "12 samples like this, of 3 labels, most often c (5)"),
    ],
)
def test_a_cluster_is_told_by_its_labels(
    labels: list[int], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "_alike", lambda _data, _looks, rows: np.zeros_like(rows))
    n = len(labels)
    x = np.eye(n, dtype=np.float32)
    data = Dataset("t", "tabular", x, np.array(labels), ("a", "b", "c"), np.arange(n))
    kinds = np.tile([0.0, 0.0, 0.0, 1.0], (n, 1))
    kind = np.full(n, CORRUPTED, dtype=object)
    everywhere = np.ones(n, dtype=bool)
    diagnosis = Diagnosis(np.ones(n), everywhere, kind, kinds, np.full(n, NO_LABEL))
    assert [one.sentence for one in grouping.clusters(data, diagnosis, Looks(x, x[:0]))] == [said]
