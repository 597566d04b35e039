"""What terminal and report say about an audit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.dataset import Dataset
from experiments.audit.explain.summary import Summary
from experiments.audit.input.data import AuditData
from experiments.audit.output.text import findings
from experiments.audit.record import AuditRecord
from influence.diagnosis.base import CLEAN, LABEL_ERROR, NO_LABEL, Diagnosis

N = 40


def result(
    flagged: int, *, n_classes: int = 3, accuracy: float = 0.9, has_reference: bool = False
) -> AuditRecord:
    """The result of an audit; the last samples are the most suspicious, each expected to be 0."""
    rows = np.arange(N)
    names = tuple(f"class {c}" for c in range(n_classes))
    train = Dataset("t", "tabular", np.zeros((N, 1), np.float32), rows % n_classes, names, rows)
    files = tuple(f"{row}.png" for row in rows)
    data = AuditData(train, train if has_reference else None, files)
    flags = rows >= N - flagged
    kinds = np.zeros((N, 4))
    kinds[:, 0] = rows / 1000
    diagnosis = Diagnosis(
        kinds.sum(axis=1),
        flags,
        np.where(flags, LABEL_ERROR, CLEAN).astype(object),
        kinds,
        np.where(rows % 2, NO_LABEL, 0),
    )
    unused: Any = None
    return AuditRecord(
        data=data,
        choice=unused,
        diagnosis=diagnosis,
        order=rows[::-1],
        ranks={},
        duplicate_of=np.full(N, "", dtype=object),
        reasons=[],
        clusters=[],
        summary=Summary(pd.DataFrame(), pd.DataFrame(), float("nan"), accuracy),
        checks=pd.DataFrame(),
        seconds={},
    )


def test_classes_and_counts_are_named() -> None:
    text = " ".join(findings(result(2)))
    assert "class 0 (14), class 1 (13), class 2 (13)" in text
    many = " ".join(findings(result(2, n_classes=20)))
    assert many.count("(2)") == 10
    assert "and 10 more" in many


def test_names_of_any_length_and_form_stay_on_their_line() -> None:
    odd = replace(result(2).data.train, class_names=("x" * 5000, "two\nlines\x1b[31m", "c"))
    record = replace(result(2), data=replace(result(2).data, train=odd, files=("f\n" * 99,) * N))
    for sentence in findings(record):
        assert sentence.isprintable()
        assert len(sentence) < 2000


@pytest.mark.parametrize("flagged", [0, 3])
def test_first_suspects_are_named_also_when_nothing_is_flagged(flagged: int) -> None:
    text = " ".join(findings(result(flagged)))
    assert f"{flagged} of 40" in text
    assert "row 39, 39.png (class 0)" in text
    assert "row 38, 38.png (class 2, expected class 0)" in text
    assert "row 35" in text


def test_what_was_looked_for_is_said() -> None:
    assert "Only label errors were looked for" in " ".join(findings(result(0)))
    text = " ".join(findings(result(0, has_reference=True)))
    assert "Only label errors" not in text
    assert "corrupted" in text


@pytest.mark.parametrize(("flagged", "accuracy", "hint"), [(0, 0.99, True), (0, 0.9, False)])
def test_an_accuracy_that_is_too_good_points_to_a_leak(
    flagged: int, accuracy: float, *, hint: bool
) -> None:
    text = " ".join(findings(result(flagged, accuracy=accuracy)))
    assert ("feature reveals the label" in text) is hint


@pytest.mark.parametrize(("accuracy", "hint"), [(0.35, True), (0.4, False)])
def test_an_accuracy_of_the_largest_class_is_told(accuracy: float, *, hint: bool) -> None:
    text = " ".join(findings(result(0, accuracy=accuracy)))
    assert ("learned nothing" in text) is hint
    assert ("35.0%" in text) is hint


def test_many_flags_point_to_the_reference_set() -> None:
    assert "distribution" in " ".join(findings(result(20, has_reference=True)))
    assert "distribution" not in " ".join(findings(result(20)))


@pytest.mark.parametrize(
    ("probability", "again", "said"),
    [
        (0.75, 0.0, "Expected false positives: 5 of 20, the larger of two estimates: 5 by"),
        (0.95, 8.0, "Expected false positives: 8 of 20, the larger of two estimates: 1 by"),
        (0.95, 30.0, "Expected false positives: 20 of 20, the larger"),
        (0.75, float("nan"), "Expected false positives: 5 of 20, by their probabilities."),
    ],
)
def test_false_positives_agree_with_the_probabilities(
    probability: float, again: float, said: str
) -> None:
    record = result(20)
    record = replace(
        record,
        summary=replace(record.summary, false_positives=again),
        diagnosis=replace(record.diagnosis, probability=np.full(N, probability)),
    )
    assert said in " ".join(findings(record))


def test_without_flags_there_are_no_false_positives() -> None:
    record = result(0)
    record = replace(record, summary=replace(record.summary, false_positives=0.0))
    assert "false positives" not in " ".join(findings(record))
