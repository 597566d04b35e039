"""What folds share: disjoint parts of the set, one pass of the backbone, one diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from counting_frozen import CountingFrozen
from torch import nn

from common.dataset import Dataset
from common.errors import UserError
from experiments.audit.fold import Fold, TrainedFold, train_fold
from experiments.audit.input.data import AuditData
from experiments.audit.model_choice import choose_model
from experiments.audit.parts import FOLDS, MAX_REFERENCE, stratified_parts
from experiments.audit.pipeline import run_audit
from experiments.audit.record import AuditRecord
from experiments.training.context import TrialContext
from influence.diagnosis.base import Diagnosis
from influence.diagnosis.without_reference import (
    TrainingFeatures,
    diagnose_features,
    diagnose_without_reference,
)
from influence.evidence import Evidence
from models import MODELS
from models.base import BuildContext, Model, Network, ScratchFamily, TrainingSettings

N, REFERENCE, SIDE = 120, 60, 4
SETTINGS = TrainingSettings(epochs=2, batch_size=16, learning_rate=1e-4)


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingFrozen]:
    """The frozen layers of a registered model, ``counting``, whose classifier alone is trained."""
    layers = CountingFrozen(tmp_path / "calls")

    def build(context: BuildContext) -> Model:
        head = nn.Linear(int(np.prod(context.input_shape)), context.n_classes)
        return Model(Network(nn.Identity(), head), layers)

    monkeypatch.setitem(globals(), "COUNTING", ScratchFamily("image", SETTINGS, build))
    MODELS.register("counting", f"{__name__}:COUNTING")
    yield layers
    MODELS.unregister("counting")


def images(n: int, seed: int) -> Dataset:
    """Two classes, dark and light, whose images differ; in twenty, the label is wrong."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % 2
    x = rng.integers(0, 128, (n, SIDE, SIDE, 1)) + 100 * classes[:, None, None, None]
    y = np.where(np.arange(n) % 20 == 3, 1 - classes, classes)
    return Dataset("images", "image", x.astype(np.uint8), y, ("dark", "light"), np.arange(n))


def audited(data: AuditData, context: TrialContext) -> AuditRecord:
    return run_audit(data, choose_model(data.train, context, "counting"), context)


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("reference", [None, images(REFERENCE, seed=1)])
def test_each_image_is_embedded_once(
    reference: Dataset | None, writable: bool, frozen: CountingFrozen, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    if not writable:
        cache.write_text("a file where the cache would be")
    audited(AuditData(images(N, seed=0), reference), TrialContext(cache=cache))
    assert sum(frozen.calls) == N + (0 if reference is None else REFERENCE)


def test_progress_is_told(frozen: CountingFrozen, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    context = TrialContext(
        cache=tmp_path / "cache", progress=lambda *progress: told.append(progress)
    )
    audited(AuditData(images(N, seed=0)), context)
    assert told[:2] == [("features", 0, N), ("features", N, N)]
    assert told[2 : FOLDS + 3] == [("folds", number, FOLDS) for number in range(FOLDS + 1)]
    steps = list(dict.fromkeys(step for step, _, _ in told))
    assert steps == [
        "features",
        "folds",
        "false positives",
        "duplicates",
        "image checks",
        "reasons",
    ]
    for step in steps:
        _, done, total = [one for one in told if one[0] == step][-1]
        assert done == total


def test_folds_with_the_same_features_share_one_diagnosis(
    frozen: CountingFrozen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = images(N, seed=0)
    seen: list[TrainingFeatures] = []

    def noted(features: TrainingFeatures, *rest: Any) -> Diagnosis:
        seen.append(features)
        found = diagnose_features(features, *rest)
        light = features.stages["max"][:, 0] > 150
        return replace(found, flagged=found.flagged | (light != features.labels))

    monkeypatch.setattr("experiments.audit.fixed_features.diagnose_features", noted)
    result = audited(AuditData(train), TrialContext(cache=tmp_path / "cache"))
    whole, rest = seen
    np.testing.assert_array_equal(whole.last_layer, 2.0 * train.x.reshape(N, -1).astype(float))
    np.testing.assert_array_equal(whole.stages["max"][:, 0], train.x.reshape(N, -1).max(axis=1))
    np.testing.assert_array_equal(whole.labels, train.y)
    errors = np.arange(N) % 20 == 3
    assert result.diagnosis.flagged[errors].all()
    kept = ~result.diagnosis.flagged
    np.testing.assert_array_equal(rest.labels, train.y[kept])
    np.testing.assert_array_equal(rest.last_layer, whole.last_layer[kept])
    assert result.summary.false_positives == 0
    assert errors[result.order[: errors.sum()]].all()


def test_another_diagnosis_is_made_for_each_fold(frozen: CountingFrozen, tmp_path: Path) -> None:
    data, calls = AuditData(images(N, seed=0)), []

    def counted(evidence: Evidence) -> Diagnosis:
        calls.append(len(evidence.labels))
        return diagnose_without_reference(evidence)

    context = TrialContext(cache=tmp_path / "cache")
    run_audit(data, choose_model(data.train, context, "counting"), context, diagnose=counted)
    assert calls[:FOLDS] == [N - N // FOLDS] * FOLDS


def test_the_second_fold_of_a_large_set_is_smaller(
    frozen: CountingFrozen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("parts", "pipeline"):
        monkeypatch.setattr(f"experiments.audit.{module}.LARGE_SET", 60)
    monkeypatch.setattr("experiments.audit.parts.MAX_REFERENCE", 20)
    folds: list[Fold] = []

    def noted(fold: Fold, *rest: Any) -> TrainedFold:
        folds.append(fold)
        return train_fold(fold, *rest)

    monkeypatch.setattr("experiments.audit.pipeline.train_fold", noted)
    result = audited(AuditData(images(N, seed=0)), TrialContext(cache=tmp_path / "cache"))
    large, small = folds[:2]
    assert [len(large.rows), len(small.rows)] == [N - 20, 60]
    assert np.isin(large.held_out, small.rows).all()
    assert not np.isin(small.held_out, small.rows).any()
    for ranks in result.ranks.values():
        assert sorted(ranks) == list(range(1, N + 1))
    assert len(result.diagnosis.probability) == N


def test_a_trace_that_does_not_fit_into_memory_is_refused_before_the_training(
    frozen: CountingFrozen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.machine.available_mib", lambda: 0.0)
    with pytest.raises(UserError, match="last layer for 120 samples in 2 epochs need about"):
        audited(AuditData(images(N, seed=0)), TrialContext(cache=tmp_path / "cache"))


def test_parts_are_disjoint_and_hold_their_share_of_each_class() -> None:
    labels = np.repeat([0, 1, 2], [50, 13, 2])
    found = list(stratified_parts(labels, 5, 0))
    assert sorted(np.concatenate(found)) == list(range(65))
    assert all(9 <= np.bincount(labels[part])[0] <= 11 for part in found)
    assert all(2 <= np.bincount(labels[part])[1] <= 3 for part in found)
    large = list(stratified_parts(np.arange(100_000) % 10, 2, 0))
    assert [len(part) for part in large] == [MAX_REFERENCE] * 2
    assert not set(large[0]) & set(large[1])
