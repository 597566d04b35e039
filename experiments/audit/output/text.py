"""An audit in sentences, for the terminal and the report."""

from __future__ import annotations

from typing import Final

import numpy as np

from common.dataset import Dataset
from experiments.audit.explain.image_checks import CHECKS, failing
from experiments.audit.record import AuditRecord
from influence.diagnosis.base import (
    CLEAN,
    CORRUPTED,
    FOREIGN_CLUSTER,
    HARD,
    LABEL_ERROR,
    RARE_CLUSTER,
)

SUSPICIOUSLY_MANY: Final = 1 / 3
"""A larger share of flags points to an unsuitable reference set."""
SUSPICIOUSLY_ACCURATE: Final = 0.98
"""A higher accuracy without any flag can mean that a feature reveals the label."""
LISTED_CLASSES: Final = 10
LISTED_SUSPECTS: Final = 5
LONGEST_NAME: Final = 100
"""Characters of a class or file name in a sentence."""
KIND_NAMES: Final = {
    LABEL_ERROR: "label error",
    FOREIGN_CLUSTER: "foreign cluster",
    RARE_CLUSTER: "rare cluster",
    CORRUPTED: "corrupted",
    HARD: "hard",
    CLEAN: "clean",
    "low_information": "low information",
    "dark": "dark",
    "light": "light",
    "blurry": "blurry",
    "odd_aspect_ratio": "odd aspect ratio",
    "odd_size": "odd size",
}
PLURALS: Final = {
    LABEL_ERROR: "label errors",
    FOREIGN_CLUSTER: "in foreign clusters",
    RARE_CLUSTER: "in rare clusters",
    CORRUPTED: "corrupted",
}


def findings(result: AuditRecord) -> list[str]:
    """What was found, one sentence each."""
    summary, has_reference = result.summary, result.data.validation is not None
    found = [
        _classes(result),
        _flags(result),
        "Label errors, foreign, rare and corrupted samples were looked for."
        if has_reference
        else "Only label errors were looked for. To find foreign, rare and corrupted samples too, "
        "provide a reference set (--validation, in Python reference=): a few hundred samples that "
        "are known to be right.",
        _first_suspects(result),
    ]
    found += _false_positives(result)
    evaluated_on = "the reference set" if has_reference else "the held-out folds"
    found.append(f"The model's accuracy on {evaluated_on} is {summary.accuracy:.1%}.")
    largest = _largest_class(result.data.validation or result.data.train)
    if summary.accuracy <= largest:
        found.append(
            f"Always naming the largest class is right as often ({largest:.1%}): the model has "
            "learned nothing from these features, and the ranking means little."
        )
    flagged = result.diagnosis.flagged.mean()
    if not flagged and summary.accuracy > SUSPICIOUSLY_ACCURATE:
        reason = "whether a feature reveals the label"
        if result.duplicate_of.astype(bool).mean() > 1 / 2:
            reason += ", and remove duplicates: a model that has seen a copy knows the label"
        found.append(f"If that is more than you expect, check {reason}.")
    if has_reference and flagged > SUSPICIOUSLY_MANY:
        found.append(
            "So many flags suggest that the reference set was drawn from a different distribution: "
            "whatever it lacks counts as a glitch. Use a reference set drawn in the same way as "
            "the training set, or none."
        )
    duplicates = int(result.duplicate_of.astype(bool).sum())
    if duplicates:
        found.append(f"{duplicates} samples are exact or near duplicates of other samples.")
    return [*found, *_image_checks(result)]


def _false_positives(result: AuditRecord) -> list[str]:
    """How many of the flagged samples are expected to be clean: the larger of two estimates, as
    probabilities may be too high, and the repeated audit no longer has the samples that it
    flagged."""
    flagged = result.diagnosis.flagged
    count = int(flagged.sum())
    if not count:
        return []
    doubt = float((1 - result.diagnosis.probability[flagged]).sum())
    again = result.summary.false_positives
    if not np.isfinite(again):
        return [f"Expected false positives: {doubt:.0f} of {count}, by their probabilities."]
    expected = min(float(count), max(doubt, again))
    return [
        f"Expected false positives: {expected:.0f} of {count}, the larger of two estimates: "
        f"{doubt:.0f} by their probabilities, and {again:.0f} that the audit "
        "flags when it is repeated without the flagged samples."
    ]


def _image_checks(result: AuditRecord) -> list[str]:
    counts = {check: len(failing(result.checks, check)) for check in CHECKS}
    named = [f"{KIND_NAMES[check]} {count}" for check, count in counts.items() if count]
    if not named:
        return []
    return [f"Image checks, for which no sample is flagged: {', '.join(named)}."]


def _largest_class(data: Dataset) -> float:
    """Its share of the samples."""
    return float(np.bincount(data.y).max() / len(data))


def _classes(result: AuditRecord) -> str:
    train = result.data.train
    counts = np.bincount(train.y, minlength=train.n_classes)
    most = np.argsort(-counts, kind="stable")[:LISTED_CLASSES]
    listed = ", ".join(f"{_printed(train.class_names[c])} ({counts[c]})" for c in most)
    more = f" and {train.n_classes - len(most)} more" if train.n_classes > len(most) else ""
    return f"{len(train)} samples of {train.n_classes} classes: {listed}{more}."


def _flags(result: AuditRecord) -> str:
    flagged = result.diagnosis.flagged
    counts = [f"{n} {PLURALS[kind]}" for kind, n in result.flagged_by_kind().items() if n]
    if not counts:
        errors = result.diagnosis.expected_label_errors
        estimate = (
            f"About {errors:.0f} labels are estimated to be wrong; the" if errors >= 1 else "The"
        )
        return (
            f"0 of {len(flagged)} samples are flagged: none is certain enough. {estimate} ranking "
            "can still put errors first."
        )
    return f"{int(flagged.sum())} of {len(flagged)} samples are flagged: {', '.join(counts)}."


def _printed(name: str) -> str:
    """A name on one line of a terminal: long ones shortened, control characters escaped."""
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
    return plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 3]}..."


def _first_suspects(result: AuditRecord) -> str:
    """The samples to review first; the ranking is informative even where nothing is flagged."""
    suspects = []
    for row in result.order[:LISTED_SUSPECTS].tolist():
        label = result.data.train.class_names[int(result.data.train.y[row])]
        expected = result.expected_label(row)
        name = f"row {row}" + (f", {_printed(result.data.files[row])}" if result.data.files else "")
        change = f", expected {_printed(expected)}" if expected not in ("", label) else ""
        suspects.append(f"{name} ({_printed(label)}{change})")
    return f"Review first: {'; '.join(suspects)}."


def subtitle(result: AuditRecord) -> str:
    """The audited data and the model, in one line."""
    train, validation = result.data.train, result.data.validation
    reference = (
        "no reference set: only label errors are looked for"
        if validation is None
        else f"reference set of {len(validation)} samples"
    )
    return f"{len(train)} samples, {train.n_classes} classes; {result.choice.model}; {reference}"
