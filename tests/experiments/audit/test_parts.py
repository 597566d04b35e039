"""Groups: samples that belong together are held out together, in the audit and in a repair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from audit_standin import diagnose
from numpy.typing import NDArray
from sklearn.datasets import load_wine

from common.errors import UserError
from experiments.audit import audit
from experiments.audit.fold import Fold, TrainedFold, train_fold
from experiments.audit.input.data import AuditData, read
from experiments.audit.parts import (
    FOLDS,
    LARGE_SET,
    MAX_REFERENCE,
    held_out_parts,
    with_others,
)
from experiments.repair import repair
from experiments.training.context import TrialContext
from influence.diagnosis.base import Diagnosis
from influence.diagnosis.without_reference import TrainingFeatures, diagnose_features
from influence.evidence import Evidence

WINE = load_wine(as_frame=True)
N = len(WINE.target)
GROUPS = np.arange(N) % 17
OPTIONS: dict[str, Any] = {"model": "softmax_regression"}


def test_parts_hold_whole_groups_and_their_share_of_each_class() -> None:
    parts = list(held_out_parts(WINE.target.to_numpy(), GROUPS, FOLDS, 0))
    assert len(parts) == FOLDS
    assert sorted(np.concatenate(parts)) == list(range(N))
    for part in parts:
        rest = np.setdiff1d(np.arange(N), part)
        assert not set(GROUPS[part]) & set(GROUPS[rest])
        assert len(np.unique(WINE.target[part])) == 3


@pytest.mark.parametrize("groups", [np.arange(N) % 5, np.repeat(np.arange(9), 20)[:N]])
def test_the_seeds_of_a_repair_hold_out_different_parts(groups: np.ndarray) -> None:
    labels = WINE.target.to_numpy()
    first = [next(held_out_parts(labels, groups, FOLDS, seed)) for seed in range(FOLDS)]
    assert len({part.tobytes() for part in first}) >= FOLDS - 1


def test_large_sets_of_many_groups_have_small_parts() -> None:
    labels, groups = np.arange(30_000) % 3, np.arange(30_000) // 60
    parts = list(held_out_parts(labels, groups, 2, 0))
    assert all(0.8 * MAX_REFERENCE < len(part) < 1.2 * MAX_REFERENCE for part in parts)


def test_the_second_fold_of_a_large_set_trains_on_few_others() -> None:
    rows = np.arange(1, 2 * LARGE_SET)
    wanted = rows[::20]
    found = with_others(wanted, rows, 0)
    assert len(found) == LARGE_SET
    assert np.isin(wanted, found).all()
    assert np.isin(found, rows).all()
    assert (np.diff(found) > 0).all()
    np.testing.assert_array_equal(with_others(rows, rows, 0), rows)


def test_models_are_not_trained_on_the_groups_that_they_are_measured_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.where(np.arange(N) % 20 == 3, (WINE.target + 1) % 3, WINE.target)
    folds: list[Fold] = []

    def noted(fold: Fold, *rest: Any) -> TrainedFold:
        folds.append(fold)
        return train_fold(fold, *rest)

    monkeypatch.setattr("experiments.audit.pipeline.train_fold", noted)
    context = TrialContext(cache=tmp_path)
    result = audit(WINE.data, labels, groups=GROUPS, context=context, diagnose=diagnose, **OPTIONS)
    assert len(folds) == FOLDS + 1
    for fold in folds[:FOLDS]:
        assert len(fold.rows)
        assert len(fold.held_out)
        assert not set(GROUPS[fold.rows]) & set(GROUPS[fold.held_out])
    gained = repair(result, context=context, seeds=2)
    assert len(gained.gain.accuracy) == 2


def test_a_column_of_groups_is_no_feature(tmp_path: Path) -> None:
    path = tmp_path / "wine.csv"
    names = np.array([f"patient {group}" for group in GROUPS])
    WINE.data.assign(who=names, label=WINE.target).to_csv(path, index=False)
    context = TrialContext(cache=tmp_path)
    data: AuditData = read(str(path), None, None, context, "who")
    assert data.groups is not None
    np.testing.assert_array_equal(data.groups, GROUPS)
    assert data.train.x.shape == (N, 13)
    result = audit(path, groups="who", context=context, diagnose=diagnose, **OPTIONS)
    assert result.request.groups == "who"
    gained = repair(result, context=context, seeds=2)
    assert len(gained.gain.accuracy) == 2
    with pytest.raises(UserError, match="groups column of"):
        audit(path, groups="whom", context=context)
    with pytest.raises(UserError, match="name of a column"):
        audit(path, groups=GROUPS, context=context)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (GROUPS[1:], "each of the 178 samples"),
        (np.arange(N) % 4, "there are 4, and at least 5"),
        (WINE.target * 100 + np.where(WINE.target == 2, 0, GROUPS), "class '2' are in one group"),
        (pd.Series(GROUPS).where(GROUPS != 3), "row 3 has no group"),
    ],
)
def test_groups_that_cannot_be_used(groups: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        audit(WINE.data, WINE.target, groups=groups, context=TrialContext(cache=tmp_path))


@pytest.mark.parametrize("referenced", [False, True])
def test_a_diagnosis_knows_the_groups_of_its_samples(referenced: bool, tmp_path: Path) -> None:
    seen: list[tuple[NDArray[np.float32], NDArray[np.int64] | None]] = []

    def noted(evidence: Evidence) -> Diagnosis:
        seen.append((evidence.stages[0]["input"], evidence.groups))
        return diagnose(evidence)

    x = np.column_stack([GROUPS, np.random.default_rng(0).normal(size=N)])
    options = OPTIONS | {"groups": GROUPS, "context": TrialContext(cache=tmp_path)}
    reference = (x + 0.01, WINE.target) if referenced else None
    audit(x, WINE.target, reference=reference, diagnose=noted, **options)
    assert len(seen) == (2 if referenced else FOLDS + 1)
    for stage, groups in seen:
        assert groups is not None
        # the first feature is the number of the group
        pairs = np.unique(np.column_stack([stage[:, 0], groups]), axis=0)
        assert len(pairs) == len(np.unique(groups))


def test_the_one_diagnosis_of_fixed_features_knows_the_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[NDArray[np.int64] | None] = []

    def noted(features: TrainingFeatures, *rest: Any) -> Diagnosis:
        seen.append(features.groups)
        return diagnose_features(features, *rest)

    monkeypatch.setattr("experiments.audit.fixed_features.diagnose_features", noted)
    context = TrialContext(cache=tmp_path)
    audit(WINE.data, WINE.target, groups=GROUPS, context=context, **OPTIONS)
    np.testing.assert_array_equal(seen[0], GROUPS)
