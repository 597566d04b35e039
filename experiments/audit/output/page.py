"""The report of an audit: one self-contained HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from common.html import render_template
from experiments.audit.explain.clusters import Cluster
from experiments.audit.explain.image_checks import CHECKS, failed, failing
from experiments.audit.explain.reasons import TRAIN, InfluentialSample, Reason
from experiments.audit.explain.summary import ALL
from experiments.audit.output.text import KIND_NAMES, findings, subtitle
from experiments.audit.output.thumbnails import Thumbnails
from experiments.audit.record import AuditRecord
from influence.diagnosis.base import GLITCH_KINDS

TEMPLATE: Final = Path(__file__).parent / "templates" / "audit.html"
REVIEWED: Final = 200
SHOWN_OF_CLUSTER: Final = 12
SHOWN_OF_EXAMPLES: Final = 3
CONFUSIONS: Final = 20
SHOWN_AS_ZERO: Final = 0.0005
"""A class without flags whose interval ends below this share is shown as zero."""


@dataclass(frozen=True)
class Example:
    """A related sample: the key of its picture, if it has one, and a caption."""

    picture: str
    caption: str


@dataclass(frozen=True)
class Card:
    """A sample to review."""

    row: int
    file: str
    label: str
    probability: float
    kind: str
    expected: str
    duplicate: str
    checks: str
    flagged: bool
    learned: str
    unusual: str
    picture: str
    examples: list[tuple[str, list[Example]]]


def render(result: AuditRecord, title: str) -> str:
    """The page.

    The template escapes everything that comes from the data; scripts get it as JSON, which cannot
    close their tag.
    """
    pictures = Thumbnails.of(result.data)
    cards = [_card(result, reason, pictures) for reason in result.reasons[:REVIEWED]]
    reviewed = {card.row for card in cards}
    content: dict[str, Any] = {
        "title": title,
        "subtitle": subtitle(result),
        "findings": findings(result),
        "notes": result.data.notes,
        "shares": _shares(result),
        "kinds": [KIND_NAMES[kind] for kind in GLITCH_KINDS],
        "confusions": _confusions(result),
        "checks": _checks(result, pictures),
        "clusters": [_cluster(result, one, pictures, reviewed) for one in result.clusters],
        "cards": cards,
        "labels": list(result.data.train.class_names),
        "suspects": _decidable(result, reviewed),
        "pictures": pictures.pictures,
        "key": result.data.train.digest[:16],
    }
    return render_template(TEMPLATE, content)


def _shares(result: AuditRecord) -> list[tuple[str, list[str]]]:
    """By class, for each kind the number flagged and the estimated share with its interval."""
    rows: list[tuple[str, list[str]]] = []
    for name, group in result.summary.shares.groupby("class", sort=False):
        numbers = group[["flagged", "share", "low", "high"]].to_numpy(dtype=float)
        cells = [_share(*row) for row in numbers.tolist()]
        rows.append(("all classes" if name == ALL and not rows else str(name), cells))
    return rows


def _share(flagged: float, share: float, low: float, high: float) -> str:
    if not flagged and high < SHOWN_AS_ZERO:
        return "0"
    return f"{flagged:.0f} ({100 * share:.1f} %, {100 * low:.1f} to {100 * high:.1f})"


def _confusions(result: AuditRecord) -> list[tuple[str, str, int]]:
    """Label, expected label and number of samples, the most frequent pairs first."""
    names, counts = result.data.train.class_names, result.summary.confusion.to_numpy()
    most = np.argsort(-counts, axis=None, kind="stable")[:CONFUSIONS]
    pairs = zip(*np.unravel_index(most, counts.shape), strict=True)
    return [(names[a], names[b], int(counts[a, b])) for a, b in pairs if counts[a, b]]


def _checks(result: AuditRecord, pictures: Thumbnails) -> list[tuple[str, int, list[Example]]]:
    """Name, number and first samples of each check that images fail, the lowest scores first."""
    found = []
    for check in CHECKS:
        rows = failing(result.checks, check)
        if len(rows):
            shown = [
                Example(pictures.key(TRAIN, row), f"{_label(result, TRAIN, row)} · {row}")
                for row in rows[:SHOWN_OF_CLUSTER].tolist()
            ]
            found.append((KIND_NAMES[check], len(rows), shown))
    return found


def _cluster(
    result: AuditRecord, cluster: Cluster, pictures: Thumbnails, reviewed: set[int]
) -> dict[str, Any]:
    rows = cluster.rows.tolist()
    return {
        "sentence": cluster.sentence,
        "kind": KIND_NAMES[cluster.kind],
        "rows": rows,
        "relabels": any(
            result.expected_label(row) not in ("", _label(result, TRAIN, row)) for row in rows
        ),
        "first": next((row for row in rows if row in reviewed), None),
        "pictures": [pictures.key(TRAIN, row) for row in rows[:SHOWN_OF_CLUSTER]],
    }


def _card(result: AuditRecord, reason: Reason, pictures: Thumbnails) -> Card:
    row, diagnosis = reason.row, result.diagnosis
    return Card(
        row=row,
        file=result.data.files[row] if result.data.files else "",
        label=_label(result, TRAIN, row),
        probability=float(diagnosis.probability[row]),
        kind=KIND_NAMES[str(result.kinds[row])],
        expected=result.expected_label(row),
        duplicate=str(result.duplicate_of[row]),
        checks=", ".join(KIND_NAMES[check] for check in failed(result.checks, row)),
        flagged=bool(diagnosis.flagged[row]),
        learned=f"learned in epoch {reason.learned}" if reason.learned else "never learned",
        unusual=reason.unusual,
        picture=pictures.key(TRAIN, row),
        examples=_examples(result, reason, pictures),
    )


def _examples(
    result: AuditRecord, reason: Reason, pictures: Thumbnails
) -> list[tuple[str, list[Example]]]:
    neighbours = [InfluentialSample(TRAIN, row, float("nan")) for row in reason.neighbours]
    groups = {
        "most similar": neighbours,
        "support its label": reason.supporting,
        "oppose its label": reason.opposing,
        "training on it helps": reason.helped,
        "training on it harms": reason.harmed,
    }
    return [
        (name, [_example(result, sample, pictures) for sample in samples[:SHOWN_OF_EXAMPLES]])
        for name, samples in groups.items()
        if samples
    ]


def _example(result: AuditRecord, sample: InfluentialSample, pictures: Thumbnails) -> Example:
    part = "" if sample.part == TRAIN else "reference "
    caption = f"{_label(result, sample.part, sample.row)} · {part}{sample.row}"
    if not np.isnan(sample.influence):
        caption += f" · {sample.influence:+.3g}"
    return Example(pictures.key(sample.part, sample.row), caption)


def _label(result: AuditRecord, part: str, row: int) -> str:
    train, validation = result.data.train, result.data.validation
    if part == TRAIN or validation is None:
        return train.class_names[int(train.y[row])]
    place = int(np.flatnonzero(validation.source_index == row)[0])
    return train.class_names[int(validation.y[place])]


def _decidable(result: AuditRecord, reviewed: set[int]) -> dict[str, list[Any]]:
    """By row of each sample that can be decided on: label, expected label and probability."""
    in_clusters = (row for cluster in result.clusters for row in cluster.rows.tolist())
    return {
        str(row): [
            _label(result, TRAIN, row),
            result.expected_label(row),
            round(float(result.diagnosis.probability[row]), 6),
        ]
        for row in sorted({*reviewed, *in_clusters})
    }
