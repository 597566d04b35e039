"""Rules that every glitch keeps, and the small datasets that they are tried on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from common.dataset import Dataset, Modality
from glitches.base import Corrupted, Donors
from glitches.contaminated import CLEAN, NO_TRUE_LABEL, Contaminated
from glitches.parse import parse_glitch

CLASS_SIZES = (160, 120, 80, 40)


def toy_dataset(
    modality: Modality = "image",
    sizes: tuple[int, ...] = CLASS_SIZES,
    shape: tuple[int, int, int] = (8, 8, 1),
    first_index: int = 0,
) -> Dataset:
    """Random samples, read-only, whose published positions are 10 times their rows."""
    rng = np.random.default_rng(7)
    y = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    if modality == "image":
        x: np.ndarray = rng.integers(0, 256, (len(y), *shape), dtype=np.uint8)
    else:
        x = rng.normal(size=(len(y), 5)).astype(np.float32)
    x.setflags(write=False)
    y.setflags(write=False)
    return Dataset(
        name="toy",
        modality=modality,
        x=x,
        y=y,
        class_names=tuple(f"class {c}" for c in range(len(sizes))),
        source_index=first_index + 10 * np.arange(len(y)),
    )


FOREIGN = toy_dataset(sizes=(500, 500), shape=(12, 10, 3))


def spare() -> Dataset:
    """Samples like those of the image set, but others."""
    return toy_dataset(sizes=(300, 300, 300, 300), first_index=1_000_000)


def published(corruption: str, severity: int | None) -> Corrupted:
    """Inverted images: of the training set under ``aligned``, of other samples else."""
    train = toy_dataset()
    return Corrupted(
        training=replace(train, x=255 - train.x) if corruption == "aligned" else None,
        spare=replace(spare(), x=255 - spare().x),
    )


def inject(text: str, train: Dataset, ratio: float = 0.1, seed: int = 0) -> Contaminated:
    """The contaminated set; foreign and spare samples are at hand."""
    donors = Donors(FOREIGN, spare, published)
    return parse_glitch(text).inject(train, ratio, np.random.default_rng(seed), donors)


def check_conformance(text: str, modality: Modality) -> None:
    """Every rule, for one glitch or mixture on data that it fits."""
    train = toy_dataset(modality)
    marked = train.source_index % 110 == 0
    answers = np.where(marked, (train.y + 1) % train.n_classes, train.y)
    votes = np.eye(train.n_classes, dtype=np.int64)[answers]
    train = replace(train, known_glitch=marked, votes=votes)
    found = inject(text, train)
    _check_error_table(text, found)
    _check_clean_rows_untouched(train, found)
    _check_true_labels(train, found)
    _check_seeded(text, train, found)
    _check_position_tells_nothing(text, train)


def _check_error_table(text: str, found: Contaminated) -> None:
    plan = parse_glitch(text)
    names = {part.name for part in plan.parts} - {"none"}
    assert set(found.glitch[found.is_glitch]) == names
    table = found.error_table()
    assert len(table) == len(found.data)
    assert (table["label"] == found.data.y).all()
    assert (table["is_glitch"] == (table["glitch"] != CLEAN)).all()
    assert 0 <= table["is_glitch"].mean() <= 0.1 + 1e-9


def _check_clean_rows_untouched(train: Dataset, found: Contaminated) -> None:
    clean = found.take(found.clean_rows)
    rows = np.searchsorted(train.source_index, clean.data.source_index)
    assert len(np.unique(rows)) == len(rows)
    original = train.take(rows)
    assert clean.data.x.dtype == train.x.dtype
    assert clean.data.x.tobytes() == original.x.tobytes()
    assert (clean.data.y == original.y).all()
    assert (clean.data.source_index == original.source_index).all()


def _check_true_labels(train: Dataset, found: Contaminated) -> None:
    label_of = dict(zip(train.source_index.tolist(), train.y.tolist(), strict=True))
    for source, label in zip(found.data.source_index, found.true_label, strict=True):
        if int(source) in label_of and label != NO_TRUE_LABEL:
            assert label_of[int(source)] == label


def _check_seeded(text: str, train: Dataset, found: Contaminated) -> None:
    again = inject(text, train)
    assert again.data.digest == found.data.digest
    assert again.error_table().equals(found.error_table())
    other = inject(text, train, seed=1)
    assert not other.error_table().equals(found.error_table())


def _check_position_tells_nothing(text: str, train: Dataset) -> None:
    seeds = 20
    places = []
    for seed in range(seeds):
        found = inject(text, train, seed=seed)
        assert (np.diff(found.data.source_index) < 0).any()
        places.append(np.flatnonzero(found.is_glitch) / (len(found) - 1))
    pooled = np.concatenate(places)
    if len(pooled):
        standard_error = np.sqrt(1 / 12 / len(pooled))
        assert abs(pooled.mean() - 0.5) < 5 * standard_error
