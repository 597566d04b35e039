"""The report of an audit: one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from common.html import render_template
from experiments.audit.explain.reasons import TRAIN, VALIDATION, Reason, Witness
from experiments.audit.explain.summary import ALL
from experiments.audit.output.thumbnails import Thumbnails
from experiments.audit.pipeline import Examination
from influence.diagnosis.base import GLITCH_KINDS, NO_LABEL

TEMPLATE: Final = Path(__file__).parent / "templates" / "audit.html"
REVIEWED: Final = 200
SHOWN_OF_CLUSTER: Final = 12
WITNESSES: Final = 3
CONFUSIONS: Final = 20
TOO_MANY: Final = 1 / 3
NOTHING: Final = 0.0005
"""Share of a class that is shown as zero."""
ELSEWHERE: Final = (
    "So many suspicions mean that the validation data come from elsewhere than the training set: "
    "what validation lacks counts as a glitch. Give validation data drawn as the training set was, "
    "or none."
)
KIND_WORDS: Final = {
    "label_error": "label error",
    "foreign_cluster": "foreign cluster",
    "rare_cluster": "rare cluster",
    "corrupted": "corrupted",
    "hard": "hard",
    "clean": "clean",
}
MANY_WORDS: Final = {
    "label_error": "label errors",
    "foreign_cluster": "of foreign clusters",
    "rare_cluster": "of rare clusters",
    "corrupted": "corrupted",
}


@dataclass(frozen=True)
class Exhibit:
    """A sample beside another one: its picture, if there is one, and a caption."""

    picture: str
    caption: str


@dataclass(frozen=True)
class Card:
    """One suspicion to decide on."""

    row: int
    file: str
    label: str
    probability: float
    kind: str
    expected: str
    duplicate: str
    flagged: bool
    learned: str
    odd: str
    picture: str
    exhibits: list[tuple[str, list[Exhibit]]]


def render(found: Examination, title: str) -> str:
    """The page.

    Everything that comes from the data is escaped; scripts get it as JSON in which no tag can end.
    """
    pictures = _thumbnails(found)
    cards = [_card(found, reason, pictures) for reason in found.reasons[:REVIEWED]]
    content: dict[str, Any] = {
        "title": title,
        "subtitle": _subtitle(found),
        "sentences": sentences(found),
        "notes": found.data.notes,
        "folds": found.data.validation is None,
        "shares": _shares(found),
        "kinds": [KIND_WORDS[kind] for kind in GLITCH_KINDS],
        "confusions": _confusions(found),
        "clusters": _clusters(found, pictures, {card.row for card in cards}),
        "cards": cards,
        "labels": list(found.data.train.class_names),
        "suspects": _decidable(found),
        "pictures": pictures.pictures,
        "key": found.data.train.digest[:16],
    }
    return render_template(TEMPLATE, content)


def _thumbnails(found: Examination) -> Thumbnails:
    train, validation = found.data.train, found.data.validation
    if train.modality != "image":
        return Thumbnails.none()
    x = {TRAIN: train.x.astype(np.uint8, copy=False)}
    rows = {}
    if validation is not None:
        x[VALIDATION] = validation.x.astype(np.uint8, copy=False)
        rows = {int(row): place for place, row in enumerate(validation.source_index)}
    return Thumbnails(x, rows)


def _subtitle(found: Examination) -> str:
    train, validation = found.data.train, found.data.validation
    looked = (
        "without validation data: wrong labels only"
        if validation is None
        else f"looked at from {len(validation)} validation samples"
    )
    return f"{len(train)} samples of {train.n_classes} classes, {found.recipe.model}, {looked}"


def sentences(found: Examination) -> list[str]:
    """What was found, in words."""
    flagged = found.diagnosis.flagged
    counts = [
        f"{count} {MANY_WORDS[kind]}"
        for kind in GLITCH_KINDS
        if (count := int((flagged & (found.diagnosis.kind == kind)).sum()))
    ]
    summary = found.summary
    kinds = f": {', '.join(counts)}" if counts else ""
    twice = sum(map(bool, found.duplicate_of))
    said = [
        f"{int(flagged.sum())} of {len(flagged)} samples are flagged{kinds}.",
        f"The model is right on {summary.accuracy:.1%} of what played validation.",
    ]
    if np.isfinite(summary.by_chance):
        said.insert(
            1, f"Of as many samples like the others the same audit flags {summary.by_chance:.0f}."
        )
    if found.data.validation is not None and flagged.mean() > TOO_MANY:
        said.append(ELSEWHERE)
    if twice:
        said.append(f"{twice} samples are exact or near duplicates.")
    return said


def _shares(found: Examination) -> list[tuple[str, list[str]]]:
    """By class, of each kind the number flagged and the estimated share with its interval."""
    rows: list[tuple[str, list[str]]] = []
    for name, group in found.summary.shares.groupby("class", sort=False):
        numbers = group[["flagged", "share", "low", "high"]].to_numpy(dtype=float)
        cells = [_share(*row) for row in numbers.tolist()]
        rows.append(("all classes" if name == ALL and not rows else str(name), cells))
    return rows


def _share(flagged: float, share: float, low: float, high: float) -> str:
    if not flagged and high < NOTHING:
        return "0"
    return f"{flagged:.0f} ({100 * share:.1f} %, {100 * low:.1f} to {100 * high:.1f})"


def _confusions(found: Examination) -> list[tuple[str, str, int]]:
    """Given label, expected label, how often; the most frequent first."""
    table = found.summary.confusion
    counts = table.to_numpy()
    order = np.argsort(-counts, axis=None, kind="stable")[:CONFUSIONS]
    pairs = zip(*np.unravel_index(order, counts.shape), strict=True)
    return [
        (str(table.index[a]), str(table.columns[b]), int(counts[a, b]))
        for a, b in pairs
        if counts[a, b]
    ]


def _clusters(found: Examination, pictures: Thumbnails, shown: set[int]) -> list[dict[str, Any]]:
    return [
        {
            "sentence": one.sentence,
            "kind": KIND_WORDS[one.kind],
            "rows": one.rows.tolist(),
            "relabels": any(
                _expected(found, row) not in ("", _label(found, TRAIN, row))
                for row in one.rows.tolist()
            ),
            "first": next((row for row in one.rows.tolist() if row in shown), None),
            "pictures": [pictures.key(TRAIN, row) for row in one.rows[:SHOWN_OF_CLUSTER].tolist()],
        }
        for one in found.clusters
    ]


def _card(found: Examination, reason: Reason, pictures: Thumbnails) -> Card:
    row, diagnosis = reason.row, found.diagnosis
    learned = int(found.learned[row])
    return Card(
        row,
        found.data.files[row] if found.data.files else "",
        _label(found, TRAIN, row),
        float(diagnosis.probability[row]),
        KIND_WORDS[str(diagnosis.kind[row])],
        _expected(found, row),
        str(found.duplicate_of[row]),
        bool(diagnosis.flagged[row]),
        f"learned in epoch {learned}" if learned else "not learned",
        reason.odd,
        pictures.key(TRAIN, row),
        _exhibits(found, reason, pictures),
    )


def _exhibits(
    found: Examination, reason: Reason, pictures: Thumbnails
) -> list[tuple[str, list[Exhibit]]]:
    neighbours = [Witness(TRAIN, row, float("nan")) for row in reason.neighbours]
    groups = {
        "looks like": neighbours,
        "speak for its label": reason.speak_for,
        "speak against it": reason.speak_against,
        "it helps": reason.helped,
        "it harms": reason.harmed,
    }
    return [
        (name, [_exhibit(found, witness, pictures) for witness in witnesses[:WITNESSES]])
        for name, witnesses in groups.items()
        if witnesses
    ]


def _exhibit(found: Examination, witness: Witness, pictures: Thumbnails) -> Exhibit:
    part = "" if witness.part == TRAIN else "validation "
    caption = f"{_label(found, witness.part, witness.row)} · {part}{witness.row}"
    if not np.isnan(witness.influence):
        caption += f" · {witness.influence:+.3g}"
    return Exhibit(pictures.key(witness.part, witness.row), caption)


def _label(found: Examination, part: str, row: int) -> str:
    train, validation = found.data.train, found.data.validation
    if part == TRAIN or validation is None:
        return train.class_names[int(train.y[row])]
    place = int(np.flatnonzero(validation.source_index == row)[0])
    return train.class_names[int(validation.y[place])]


def _expected(found: Examination, row: int) -> str:
    label = int(found.diagnosis.expected_label[row])
    return "" if label == NO_LABEL else found.data.train.class_names[label]


def _decidable(found: Examination) -> dict[str, list[Any]]:
    """Of each sample that can be decided on, by row: label, expected label and probability."""
    rows: Sequence[int] = [reason.row for reason in found.reasons[:REVIEWED]]
    rows = sorted({*rows, *(row for one in found.clusters for row in one.rows.tolist())})
    return {
        str(row): [
            _label(found, TRAIN, row),
            _expected(found, row),
            round(float(found.diagnosis.probability[row]), 6),
        ]
        for row in rows
    }
