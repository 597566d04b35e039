"""Evaluate a signal on trials that ran before it existed, from their stored profiles.

``python -m analysis.evaluate --signal NAME`` takes a registered signal, ``module:function`` any
other; the scores and metrics are those that the trials would have logged, and go to the same runs.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pandas as pd
from mlflow.entities import Metric, RunTag

from analysis.options import RunOptions
from analysis.reading.selection import Selection, left_out_note
from analysis.reading.store import Store
from analysis.reading.stored import load_profile, load_scores, stored_evidence
from common.cli import option, parse, run
from common.errors import UserError
from experiments import schema
from experiments.tracking.retry import patiently
from experiments.trial.evaluate import Evaluation, evaluate_signal
from influence.evidence import EvidenceMissingError
from influence.signals import SIGNALS
from influence.signals.base import Signal, whole_training

PATIENCE: Final = 60.0
EVALUATED: Final = "evaluated"
KEPT: Final = "had it already and were left alone (--force computes it again)"
WITHOUT: Final = "have no stored profile or scores and were skipped"


def find_signal(text: str) -> tuple[str, Signal]:
    """A signal and the name to log it under: a registered one, or ``module:function``.

    A function that is no :class:`Signal` yet is scored once, over the whole training.
    """
    module_name, colon, attribute = text.partition(":")
    if not colon:
        return text, SIGNALS[text]
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"no signal {text!r}: {error}") from error
    if not callable(found):
        raise UserError(f"{text!r} must be a function of the evidence, however: {found!r}")
    if attribute in SIGNALS:
        raise UserError(f"{attribute!r} is the name of a registered signal: choose another one")
    return attribute, found if isinstance(found, Signal) else whole_training(found)


def evaluate(runs: Selection, name: str, signal: Signal, *, force: bool = False) -> Counter[str]:
    """Compute, score and log a signal on every counted run.

    Returns:
        How many runs were :data:`EVALUATED`, :data:`KEPT` or :data:`WITHOUT` what it takes.

    Raises ``UserError`` where the signal asks for what no run stores; nothing is logged then.
    """
    final = runs.frames.final
    logged = set(final["run_id"][(final["metric"] == schema.F1) & (final["series"] == name)])
    done: Counter[str] = Counter()
    trials = runs.frames.trials
    for run_id, seed in zip(trials["run_id"], trials["seed"], strict=True):
        if run_id in logged and not force:
            done[KEPT] += 1
            continue
        scores, profile = load_scores(runs.store, run_id), load_profile(runs.store, run_id)
        if scores is None or profile is None:
            done[WITHOUT] += 1
            continue
        is_glitch = scores["is_glitch"].to_numpy()
        if name in scores and not is_glitch.any() and not force:
            done[KEPT] += 1
            continue
        evidence = stored_evidence(profile, scores, int(seed))
        try:
            found = evaluate_signal(name, signal, evidence, is_glitch, int(seed))
        except EvidenceMissingError as error:
            raise UserError(f"{name!r} cannot be computed from stored profiles: {error}") from error
        store_scores(runs.store, run_id, scores.assign(**{name: found.scores}))
        log(runs.store, run_id, found, runs.frames.curve_tags[run_id])
        done[EVALUATED] += 1
    return done


def store_scores(store: Store, run_id: str, scores: pd.DataFrame) -> None:
    """Replace the scores of a run. To be done before :func:`log`: metrics never lack scores."""
    with TemporaryDirectory(prefix="influence-") as folder:
        path = Path(folder) / schema.SCORES_FILE
        scores.to_parquet(path, index=False)
        patiently(lambda: store.client.log_artifact(run_id, str(path)), PATIENCE)
    store.forget(run_id)


def log(store: Store, run_id: str, found: Evaluation, curve_tags: Mapping[str, str]) -> None:
    """Add the metrics of an evaluation to a run, and its curves to those in the run's tags."""
    now = int(time.time() * 1000)
    points = [Metric(key, value, now, 0) for key, value in found.metrics.items()]
    for key, values in found.epoch_metrics.items():
        points += [Metric(key, value, now, epoch) for epoch, value in enumerate(values, start=1)]
    tags = schema.curve_tags(curves_in(curve_tags) | found.epoch_metrics)
    listed = [RunTag(key, value) for key, value in tags.items()]
    patiently(lambda: store.client.log_batch(run_id, metrics=points, tags=listed), PATIENCE)
    for tag in curve_tags.keys() - tags.keys():  # it has become too long: histories hold it all
        patiently(partial(store.client.delete_tag, run_id, tag), PATIENCE)


def curves_in(tags: Mapping[str, str]) -> dict[str, list[float]]:
    """The per-epoch metrics that a run's tags hold; the inverse of ``schema.curve_tags``.

    >>> curves_in(schema.curve_tags({"loss/train": [1.0, 0.5]}))
    {'loss/train': [1.0, 0.5]}
    """
    return {
        f"{tag.removeprefix(f'{schema.CURVES}/')}/{series}": values
        for tag, text in tags.items()
        for series, values in json.loads(text).items()
    }


@dataclass(frozen=True)
class EvaluateOptions(RunOptions):
    """Which signal, on which runs."""

    signal: str | None = option("registered name, or module:function")
    force: bool = option("compute again what a run has already", False)


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate a signal on stored profiles and log it to their runs."""
    about = "Evaluate a signal on trials that ran before it existed."
    options = parse(EvaluateOptions, "evaluate", about, argv)
    if options.signal is None:
        raise UserError("missing: --signal, a registered name or module:function")
    name, signal = find_signal(options.signal)
    runs = options.selection()
    done = evaluate(runs, name, signal, force=options.force)
    for what, count in done.items():
        print(f"{name}: {count} runs {what}")
    if note := left_out_note(runs.frames):
        print(note)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
