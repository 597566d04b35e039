"""Each claim, on runs made to bear it out, to contradict it, and to say nothing of it."""

from typing import Any

import pandas as pd
import pytest
from run_writer import Study

from analysis import claims
from analysis.paper.claim_tests import MI, NEGATED_MI, SI, Runs
from analysis.paper.claims import CLAIMS, DOES_NOT_HOLD, HOLDS, NOT_RUN, Claim, Result, check_claims
from analysis.reading.selection import select
from analysis.stats.glitch_groups import glitch_group
from influence.signals import PAPER

COLUMNS = [
    "run_id",
    "modality",
    "dataset",
    "model",
    "glitch",
    "ratio",
    "variant",
    "seed",
    "series",
    "value",
    "n_classes",
    "pretrained",
    "epoch",
    "group",
    "binary",
]
SHORT = dict(zip(("SI", "MI", "AAI", "GD"), PAPER, strict=True)) | {"-MI": NEGATED_MI}
EVEN = {"SI": 0.4, "MI": 0.4, "AAI": 0.4, "GD": 0.4}
UNIFORM, SINGLE = {"glitch": "uniform_noise"}, {"glitch": "class_dependent_noise"}
NEAR: dict[str, Any] = {"glitch": "near_clustered_anomalies"}
FAR: dict[str, Any] = {"glitch": "far_clustered_anomalies"}
STRIPES = {"glitch": "stripe_outliers"}
IMAGE = {"modality": "image", "dataset": "mnist", "model": "resnet20", "pretrained": True}
BINARY = {"n_classes": 2}
TRANSFORMER = {"model": "ft_transformer"}

Rows = list[tuple[dict[str, Any], dict[str, float]]]
NONE: Rows = []


def frame(rows: Rows) -> pd.DataFrame:
    """Two seeds of each row, a little apart."""
    usual: dict[str, Any] = {
        "modality": "tabular",
        "dataset": "jannis",
        "model": "mlp",
        "ratio": 0.1,
        "variant": "",
        "n_classes": 4,
        "pretrained": False,
        "epoch": 1,
    }
    found = []
    for number, (cell, scores) in enumerate(rows):
        for seed in (0, 1):
            full = usual | cell | {"seed": seed, "run_id": f"{number}#{seed}"}
            full |= {"group": glitch_group(full["glitch"]), "binary": full["n_classes"] == 2}
            for name, value in scores.items():
                shifted = value + 0.001 * (seed - 0.5) if 0 < value < 1 else value
                found.append(full | {"series": SHORT.get(name, name), "value": shifted})
    return pd.DataFrame(found, columns=COLUMNS)


def fitted(value: float) -> dict[str, float]:
    return {"glitched": value}


BEST = EVEN | {"SI": 0.8}
WORST = EVEN | {"MI": 0.1}
LOW = dict.fromkeys(EVEN, 0.1)
#: Of each claim: final scores, epoch scores and accuracies that bear it out, then that do not.
CASES: dict[str, tuple[tuple[Rows, Rows, Rows], tuple[Rows, Rows, Rows]]] = {
    "si_best_on_uniform_noise": (
        ([(UNIFORM, BEST)], NONE, NONE),
        ([(UNIFORM, BEST | {"AAI": 0.9})], NONE, NONE),
    ),
    "si_falls_at_small_ratios": (
        ([(UNIFORM | {"ratio": r}, {"SI": 2 * r}) for r in (0.01, 0.1, 0.3)], NONE, NONE),
        ([(UNIFORM | {"ratio": r}, {"SI": 0.9 - r}) for r in (0.01, 0.1, 0.3)], NONE, NONE),
    ),
    "si_falls_on_class_dependent_noise": (
        ([(UNIFORM, {"SI": 0.8}), (SINGLE, {"SI": 0.4})], NONE, NONE),
        ([(UNIFORM, {"SI": 0.8}), (SINGLE, {"SI": 0.75})], NONE, NONE),
    ),
    "si_falls_most_from_scratch": (
        (
            [
                (UNIFORM, {"SI": 0.8}),
                (SINGLE, {"SI": 0.2}),
                (UNIFORM | IMAGE, {"SI": 0.8}),
                (SINGLE | IMAGE, {"SI": 0.6}),
            ],
            NONE,
            NONE,
        ),
        (
            [
                (UNIFORM, {"SI": 0.8}),
                (SINGLE, {"SI": 0.7}),
                (UNIFORM | IMAGE, {"SI": 0.8}),
                (SINGLE | IMAGE, {"SI": 0.3}),
            ],
            NONE,
            NONE,
        ),
    ),
    "better_on_pretrained_images": (
        ([(UNIFORM | IMAGE, BEST), (UNIFORM, EVEN)], NONE, NONE),
        ([(UNIFORM | IMAGE, EVEN), (UNIFORM, BEST)], NONE, NONE),
    ),
    "mi_worst": (([(FAR | IMAGE, WORST)], NONE, NONE), ([(FAR, BEST | {"GD": 0.1})], NONE, NONE)),
    "mi_fails_by_cancellation": (
        ([(UNIFORM, {"MI": 0.1, "-MI": 0.15})], NONE, NONE),
        ([(UNIFORM, {"MI": 0.04, "-MI": 0.63})], NONE, NONE),
    ),
    "gd_class_does_not_beat_si": (
        ([(UNIFORM, BEST), (SINGLE, EVEN)], NONE, NONE),
        ([(UNIFORM, EVEN | {"GD": 0.7}), (SINGLE, EVEN)], NONE, NONE),
    ),
    "near_found_on_binary_tables": (
        ([(NEAR | BINARY, {"SI": 0.7, "AAI": 0.6}), (NEAR, LOW)], NONE, NONE),
        ([(NEAR | BINARY, {"SI": 0.7, "AAI": 0.4})], NONE, NONE),
    ),
    "near_not_found_on_multiclass_tables": (
        ([(NEAR, LOW), (NEAR | BINARY, BEST)], NONE, NONE),
        ([(NEAR, LOW | {"MI": 0.94})], NONE, NONE),
    ),
    "near_found_in_early_epochs": (
        ([(NEAR | TRANSFORMER, {"SI": 0.1})], [(NEAR | TRANSFORMER, {"SI": 0.9})], NONE),
        ([(NEAR | TRANSFORMER, {"SI": 0.5})], [(NEAR | TRANSFORMER, {"SI": 0.5})], NONE),
    ),
    "near_not_fitted": ((NONE, NONE, [(NEAR, fitted(0.0))]), (NONE, NONE, [(NEAR, fitted(0.5))])),
    "far_fitted": ((NONE, NONE, [(FAR, fitted(1.0))]), (NONE, NONE, [(FAR, fitted(0.9))])),
    "far_not_found": (([(FAR, LOW)], NONE, NONE), ([(FAR, LOW | {"GD": 0.3})], NONE, NONE)),
    "outliers_not_found": (
        ([(STRIPES, LOW)], NONE, NONE),
        ([(STRIPES, LOW | {"SI": 0.5})], NONE, NONE),
    ),
}


def test_every_claim_has_its_cases() -> None:
    assert [claim.name for claim in CLAIMS] == list(CASES)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_verdicts(claim: Claim) -> None:
    bears_out, contradicts = CASES[claim.name]
    for cases, word in ((bears_out, HOLDS), (contradicts, DOES_NOT_HOLD)):
        verdict = Result(claim, claim.test(Runs(*map(frame, (*cases, NONE)))))
        assert verdict.word == word, verdict.evidence
        assert "2 seeds" in verdict.evidence
    nothing = Result(claim, claim.test(Runs(*map(frame, [NONE] * 4))))
    assert (nothing.word, nothing.evidence) == (NOT_RUN, "")


def test_other_ratios_and_signals_do_not_enter() -> None:
    far = next(claim for claim in CLAIMS if claim.name == "far_not_found")
    others = [(FAR | {"ratio": 0.3}, dict.fromkeys(EVEN, 0.9)), (FAR, {"cnci": 0.9})]
    runs = Runs(frame(others), frame(NONE), frame(NONE), frame(NONE))
    assert far.test(runs) is None


@pytest.mark.parametrize(("auc", "holds"), [(0.5, True), (0.05, False)])
def test_without_the_negated_signal_the_roc_auc_tells_of_the_sign(auc: float, holds: bool) -> None:
    claim = next(claim for claim in CLAIMS if claim.name == "mi_fails_by_cancellation")
    found = claim.test(Runs(*map(frame, (NONE, NONE, NONE, [(UNIFORM, {"MI": auc})]))))
    assert found is not None
    assert found.holds is holds
    assert f"with the opposite sign {1 - auc:.2f}" in found.numbers


def test_numbers_are_those_of_the_runs(study: Study) -> None:
    frames = select(study.store, "study").frames
    verdicts = {verdict.claim.name: verdict for verdict in check_claims(frames)}
    found = verdicts["far_not_found"].outcome
    assert found is not None
    values = frames.final.merge(frames.trials, on="run_id").query(
        "metric == 'f1' and glitch == 'far_clustered_anomalies'"
    )
    mean = values[values["series"] == SI]["value"].mean()
    assert found.numbers.startswith(f"SI {mean:.2f} ± ")
    assert (found.cells, found.seeds, found.settings) == (1, 3, [("digits", "resnet20")])
    assert MI in PAPER
    assert verdicts["near_found_on_binary_tables"].word == NOT_RUN


def test_the_command(study: Study, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--tracking-uri", study.uri, "--experiment", "study", "--out", str(tmp_path)]
    claims.main(options)
    printed = capsys.readouterr().out
    assert "not run  It falls most for models trained from scratch." in printed
    written = pd.read_csv(tmp_path / "claims.csv")
    assert list(written["claim"]) == [claim.name for claim in CLAIMS]
    assert set(written["verdict"]) <= {HOLDS, DOES_NOT_HOLD, NOT_RUN}
