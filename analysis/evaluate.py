"""Evaluate a signal on finished trials, from their stored profiles.

``python -m analysis.evaluate --signal NAME`` takes the name of a registered signal, or
``module:function`` for any other. Scores and metrics equal those that the trials would have logged,
and are added to the same runs.
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Final

if __name__ == "__main__":  # what fails to import is told in one line
    from analysis.options import EvaluateOptions
    from common.cli import run_command

    sys.exit(run_command("analysis.evaluate", EvaluateOptions.parse))

from analysis.options import EvaluateOptions
from analysis.reading.frames import parse_curves
from analysis.reading.selection import Selection, left_out_note
from analysis.reading.stored import load_profile, load_scores, stored_evidence
from common.errors import UserError
from experiments import schema
from experiments.tracking.amend import add_evaluation, replace_scores
from experiments.tracking.retry import TrackingError
from experiments.trial.evaluate import evaluate_signal
from influence.evidence import EvidenceMissingError
from influence.signals import SIGNALS
from influence.signals.base import Signal, whole_training

EVALUATED: Final = "evaluated"
KEPT: Final = "already had it and are unchanged (--force computes it again)"
WITHOUT: Final = "have no readable profile and scores, and were skipped"


def find_signal(text: str) -> tuple[str, Signal]:
    """The name to log a signal under, and the signal: a registered one, or ``module:function``.

    A function that is not a :class:`Signal` is scored once, over the whole training.
    """
    module_name, colon, attribute = text.partition(":")
    if not colon:
        return text, SIGNALS[text]
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"no signal {text!r}: {error}") from error
    if not callable(found):
        raise UserError(f"{text!r} must be a function of the evidence, got {found!r}")
    if attribute in SIGNALS:
        raise UserError(f"{attribute!r} is the name of a registered signal: choose another name")
    return attribute, found if isinstance(found, Signal) else whole_training(found)


def evaluate(runs: Selection, name: str, signal: Signal, *, force: bool = False) -> Counter[str]:
    """Compute, score and log a signal on every counted run.

    Returns:
        How many runs were :data:`EVALUATED`, :data:`KEPT` or :data:`WITHOUT` stored files.

    Raises ``UserError`` where the signal needs evidence that runs do not store; nothing is logged.
    """
    final = runs.frames.final
    logged = set(final["run_id"][(final["metric"] == schema.F1) & (final["series"] == name)])
    done: Counter[str] = Counter()
    client = runs.store.client
    trials = runs.frames.trials
    for run_id, seed in zip(trials["run_id"], trials["seed"], strict=True):
        if run_id in logged and not force:
            done[KEPT] += 1
            continue
        scores, profile = load_scores(runs.store, run_id), load_profile(runs.store, run_id)
        if scores is None or profile is None or profile.self_influence.shape[1:] != (len(scores),):
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
        tags = runs.frames.curve_tags[run_id]
        damaged = [tag for tag in tags if not parse_curves(tags, tag.partition("/")[2])]
        tags = {tag: text for tag, text in tags.items() if tag not in damaged}
        try:
            replace_scores(client, run_id, scores.assign(**{name: found.scores[name]}))
            runs.store.forget(run_id)
            add_evaluation(client, run_id, found.metrics, found.epoch_metrics, tags)
        except TrackingError as error:
            raise UserError(
                f"the tracking store failed after {done[EVALUATED]} runs: {error}; "
                "the same command evaluates the others"
            ) from error
        done[EVALUATED] += 1
    return done


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate a signal on stored profiles and log it to their runs."""
    options = EvaluateOptions.parse(argv)
    if options.signal is None:
        raise UserError("--signal is missing: a registered name or module:function")
    name, signal = find_signal(options.signal)
    runs = options.selection()
    done = evaluate(runs, name, signal, force=options.force)
    for what, count in done.items():
        print(f"{name}: {count} runs {what}")
    if note := left_out_note(runs):
        print(note)
    return 0
