"""Every registered signal against every rule; a new registry line is covered at once."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet
from signal_conformance import (
    RULES,
    TRAINING,
    follows_the_training_samples_when_they_are_permuted,
)

import influence.signals
from common.errors import UserError
from influence.evidence import Evidence
from influence.signals import PAPER, SIGNALS, select
from influence.signals.base import Scores, Signal, per_epoch, whole_training


@per_epoch
def toy(evidence: Evidence) -> Scores:
    """A signal of one line, registered by a test."""
    return evidence.profile.self_influence**0.5


@whole_training
def position(evidence: Evidence) -> Scores:
    """What no signal may be: the order of the file."""
    return np.arange(len(evidence.labels), dtype=np.float64)


@pytest.fixture
def registered_toy() -> Iterator[str]:
    SIGNALS.register("toy", f"{__name__}:toy")
    yield "toy"
    SIGNALS.unregister("toy")


def by_cost(name: str) -> ParameterSet:
    """A signal; those that make a whole diagnosis take seconds for each rule."""
    return pytest.param(name, marks=[pytest.mark.slow] if name.startswith("fused") else [])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", [by_cost(name) for name in SIGNALS])
def test_signal(name: str, rule: Callable[[Signal], None]) -> None:
    rule(SIGNALS[name])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_newly_registered_signal_is_covered(
    registered_toy: str, rule: Callable[[Signal], None]
) -> None:
    assert registered_toy in select("all")
    rule(SIGNALS[registered_toy])


def test_a_signal_that_reads_the_position_is_caught() -> None:
    with pytest.raises(AssertionError):
        follows_the_training_samples_when_they_are_permuted(position)


def test_evidence_holds_no_error_table() -> None:
    assert {field.name for field in fields(Evidence)} == {
        "full_profile",
        "profile",
        "labels",
        "validation_labels",
        "n_classes",
        "seed",
        "groups",
        "_trace",
        "_counterfactual",
        "_stages",
        "_train_support",
        "_results",
    }


@pytest.mark.parametrize(
    "path", sorted(Path(influence.signals.__path__[0]).glob("*.py")), ids=lambda path: path.stem
)
def test_signals_import_neither_glitches_nor_experiments(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.partition(".")[0])
    assert not imported & {"glitches", "experiments", "models", "analysis"}


def test_select() -> None:
    assert select("paper") == PAPER
    assert select("all") == SIGNALS.names()
    assert select("cnci") == ("cnci",)
    assert select("cnci + self_influence+cnci") == ("self_influence", "cnci")


@pytest.mark.parametrize(("names", "nearest"), [("cnic", "cnci"), ("paper+papr", "paper")])
def test_select_refuses_unknown_names(names: str, nearest: str) -> None:
    with pytest.raises(UserError, match=f"did you mean '{nearest}'"):
        select(names)


@pytest.mark.parametrize("names", ["", "paper+", "+"])
def test_select_refuses_empty_names(names: str) -> None:
    with pytest.raises(UserError, match="unknown signal ''"):
        select(names)


@pytest.mark.parametrize(
    ("scores", "message"),
    [(np.zeros(3), "one score per sample"), (np.full(90, np.nan), "got nan for sample 0")],
)
def test_bad_scores_are_refused(scores: Scores, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Signal(lambda _: scores)(TRAINING.evidence())
