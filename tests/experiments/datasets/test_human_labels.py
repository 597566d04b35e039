"""The file formats of CIFAR-10N and CIFAR-10H, joined with a small CIFAR-10."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.cifar10 import Cifar10
from experiments.datasets.human_labels import (
    CIFAR10H,
    CIFAR10H_PART,
    CIFAR10H_VOTES,
    CIFAR10N,
    CIFAR10N_PART_RANDOM1,
    CIFAR10N_RANDOM1,
    CIFAR10N_WORST,
    CLASSES,
    HOMES,
)

TRUE = np.arange(30) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (30, 32, 32, 3), dtype=np.uint8)
GIVEN = np.where(np.arange(30) < 6, (TRUE + 1) % 10, TRUE)


@dataclass(frozen=True)
class SmallCifar10(Cifar10):
    """Thirty images."""

    def missing(self, options: DataOptions) -> str | None:
        return None

    def load(self, options: DataOptions) -> Dataset:
        return Dataset("cifar10", "image", IMAGES, TRUE, CLASSES, np.arange(30))


RANDOM1 = replace(CIFAR10N_RANDOM1, images=SmallCifar10())
VOTES = replace(CIFAR10H_VOTES, images=SmallCifar10())


def write_label_sets(folder: Path, **others: Any) -> Path:
    """A file as it is published, by this version of NumPy."""
    sets = {"clean_label": TRUE, "random_label1": GIVEN, "worse_label": GIVEN, **others}
    path = folder / CIFAR10N
    torch.save(sets, path)
    return path


def as_numpy_1_wrote_it(path: Path) -> None:
    """Under the module name of NumPy 1."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            old = content.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
            assert (old != content) == name.endswith("data.pkl")
            archive.writestr(name, old)


@pytest.mark.parametrize("numpy_1", [False, True])
def test_a_label_set_becomes_one_vote_a_sample(tmp_path: Path, numpy_1: bool) -> None:
    path = write_label_sets(tmp_path)
    if numpy_1:
        as_numpy_1_wrote_it(path)
    data = RANDOM1.load(DataOptions(tmp_path))
    assert data.name == "cifar10n_random1"
    assert (data.y == TRUE).all()
    assert data.votes is not None
    assert (data.votes.sum(axis=1) == 1).all()
    assert (data.votes.argmax(axis=1) == GIVEN).all()


class Runs:
    """What a pickle could hold."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def test_nothing_in_the_file_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "unpickled"
    write_label_sets(tmp_path, more=Runs(marker))
    with pytest.raises(UserError, match=r"CIFAR-10_human\.pt is truncated, or holds other things"):
        RANDOM1.load(DataOptions(tmp_path))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"clean_label": GIVEN}, "clean_label differs from the labels of CIFAR-10"),
        (
            {"random_label1": GIVEN[:20]},
            r"30 whole numbers from 0 to 9, got int64 of shape \(20,\)",
        ),
        ({"random_label1": GIVEN + 9}, "whole numbers from 0 to 9"),
        ({"random_label1": GIVEN / 2}, "holds other things than label sets"),
        ({"more": torch.zeros(2)}, "must hold a dictionary of arrays"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    tmp_path: Path, others: dict[str, Any], message: str
) -> None:
    write_label_sets(tmp_path, **others)
    with pytest.raises(UserError, match=message):
        RANDOM1.load(DataOptions(tmp_path))


def test_a_label_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    torch.save({"clean_label": TRUE}, tmp_path / CIFAR10N)
    with pytest.raises(UserError, match="no label set 'worse_label'"):
        replace(CIFAR10N_WORST, images=SmallCifar10()).load(DataOptions(tmp_path))


@pytest.mark.parametrize("content", [b"", b"PK nothing", b"\x80\x02."])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CIFAR10N).write_bytes(content)
    with pytest.raises(UserError, match=r"CIFAR-10_human\.pt"):
        RANDOM1.load(DataOptions(tmp_path))


def test_votes_are_read_as_they_are(tmp_path: Path) -> None:
    votes = np.random.default_rng(1).multinomial(51, np.full(10, 0.1), 30)
    np.save(tmp_path / CIFAR10H, votes)
    data = VOTES.load(DataOptions(tmp_path))
    assert data.votes is not None
    assert (data.votes == votes).all()


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (np.ones((30, 9), np.int64), r"shape \(30, 10\), got int64 of shape \(30, 9\)"),
        (np.ones((30, 10)), "whole numbers"),
        (np.zeros((30, 10), np.int64), "at least one vote"),
        (np.array([[Path()] * 10] * 30, object), "is not an array of numbers"),
    ],
)
def test_votes_that_do_not_fit_are_refused(tmp_path: Path, votes: Any, message: str) -> None:
    np.save(tmp_path / CIFAR10H, votes)
    with pytest.raises(UserError, match=message):
        VOTES.load(DataOptions(tmp_path))


@pytest.mark.parametrize(("source", "file"), [(RANDOM1, CIFAR10N), (VOTES, CIFAR10H)])
def test_nothing_is_downloaded(source: Any, file: str, tmp_path: Path) -> None:
    missing = source.missing(DataOptions(tmp_path))
    assert file in missing
    assert HOMES[file] in missing
    assert "not downloaded" in missing
    with pytest.raises(UserError, match="not downloaded"):
        source.load(DataOptions(tmp_path))


def test_parts_are_joined(tmp_path: Path) -> None:
    index = 7 * np.arange(30)
    np.savez(
        tmp_path / "cifar10_part.npz",
        x_train=IMAGES,
        y_train=TRUE,
        train_index=index,
        x_test=IMAGES,
        y_test=TRUE,
        test_index=index + 1,
    )
    (tmp_path / "human_labels").mkdir()
    np.savez(tmp_path / "human_labels/cifar10n_part.npz", random_label1=GIVEN.astype(np.int8))
    votes = np.eye(10, dtype=np.int16)[GIVEN] * 50 + np.eye(10, dtype=np.int16)[TRUE]
    np.savez(tmp_path / "human_labels/cifar10h_part.npz", counts=votes)
    labelled = CIFAR10N_PART_RANDOM1.load(DataOptions(tmp_path))
    assert labelled.votes is not None
    assert (labelled.votes.argmax(axis=1) == GIVEN).all()
    assert (labelled.source_index == index).all()
    voted = CIFAR10H_PART.load(DataOptions(tmp_path))
    assert voted.votes is not None
    assert (voted.votes == votes).all()
    assert (voted.source_index == index + 1).all()
    (tmp_path / "human_labels/cifar10h_part.npz").write_bytes(b"PK")
    with pytest.raises(UserError, match="does not hold the arrays counts"):
        CIFAR10H_PART.load(DataOptions(tmp_path))


def test_another_vote_is_another_dataset() -> None:
    data = SmallCifar10().load(DataOptions())
    votes = np.eye(10, dtype=np.int64)[GIVEN]
    digests = {data.digest, *(replace(data, votes=v).digest for v in (votes, 2 * votes))}
    assert len(digests) == 3
