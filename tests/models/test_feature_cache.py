"""The cache of frozen features: equal bits, computed once, and no trouble that stops a trial."""

import logging
import multiprocessing
import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from counting_frozen import CountingFrozen
from numpy.typing import NDArray

import models.feature_cache
from models.backbone import FrozenBackbone
from models.base import FrozenOutputs
from models.feature_cache import FeatureCache
from models.feature_file import FeatureFileWriter
from models.images import ImagePreprocessing
from models.resnet20 import FrozenPart, ResNet20

# one process imports torch, its forks are cheap
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["models.feature_cache"])


@pytest.fixture
def frozen(tmp_path: Path) -> CountingFrozen:
    return CountingFrozen(tmp_path / "calls")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def images(n: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (n, 4, 4, 1), dtype=np.uint8)


def entries(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.safetensors"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As many threads here as in child processes: entries are of one number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def with_one_thread(target: Callable[..., object], *args: Any) -> None:
    torch.set_num_threads(1)
    target(*args)


def in_child(target: Callable[..., object], *args: Any) -> int | None:
    process = CHILDREN.Process(target=with_one_thread, args=(target, *args))
    process.start()
    process.join()
    return process.exitcode


def fill(directory: Path, frozen: CountingFrozen, pool: NDArray[np.uint8]) -> None:
    FeatureCache(directory).outputs(frozen, pool, pool).features()


def test_samples_are_computed_in_chunks_and_progress_is_told(
    frozen: CountingFrozen, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.feature_cache, "CHUNK", 8)
    told: list[tuple[int, int]] = []
    pool = images(20)
    cache = FeatureCache(directory, progress=lambda done, total: told.append((done, total)))
    np.testing.assert_array_equal(
        cache.outputs(frozen, pool[::2], pool).features(), 2.0 * pool[::2].reshape(10, -1)
    )
    assert frozen.calls == [8, 8, 4]
    assert told == [(0, 20), (8, 20), (16, 20), (20, 20)]
    cache.outputs(frozen, pool, pool).stages()
    assert len(told) == 4


def test_mixture_of_pool_and_foreign_rows(frozen: CountingFrozen, directory: Path) -> None:
    pool, foreign = images(20), images(5, seed=1)
    x = np.concatenate([foreign, pool[::-1], foreign[:2], pool[:3]])
    cache = FeatureCache(directory)
    expected = replace(frozen, log=frozen.log.with_name("other"))(x)
    np.testing.assert_array_equal(cache.outputs(frozen, x, pool).features(), expected.features)
    stages = cache.outputs(frozen, x, pool).stages()
    assert sorted(stages) == ["max", "mean"]
    for name, values in stages.items():
        np.testing.assert_array_equal(values, expected.stages[name])
    assert frozen.calls == [20, 5]


def test_results_are_the_callers_own(frozen: CountingFrozen, directory: Path) -> None:
    pool = images(4)
    cache = FeatureCache(directory)
    cache.outputs(frozen, pool, pool).features()[:] = 0
    cache.outputs(frozen, pool, pool).stages()["mean"][:] = 0
    assert cache.outputs(frozen, pool, pool).features().any()
    assert cache.outputs(frozen, pool, pool).stages()["mean"].any()


def test_features_in_another_memory_order_are_kept(frozen: CountingFrozen, directory: Path) -> None:
    class Strided(CountingFrozen):
        def __call__(self, x: NDArray[Any]) -> FrozenOutputs:
            outputs = super().__call__(x)
            return replace(outputs, features=np.asfortranarray(outputs.features))

    strided = Strided(frozen.log, key="strided")
    pool = images(6)
    expected = FeatureCache(directory).outputs(frozen, pool, pool).features()
    for _ in range(2):
        found = FeatureCache(directory).outputs(strided, pool, pool).features()
        np.testing.assert_array_equal(found, expected)
    assert frozen.calls == [6, 6]


def test_pool_is_computed_once_for_all_trials(frozen: CountingFrozen, directory: Path) -> None:
    pool = images(20)
    for rows in (np.arange(16), np.arange(16, 20), np.arange(20)[::-1]):
        FeatureCache(directory).outputs(frozen, pool[rows], pool).features()
        FeatureCache(directory).outputs(frozen, pool[rows], pool[::-1]).stages()
    assert frozen.calls == [20]


def test_other_weights_and_other_samples_are_other_entries(
    frozen: CountingFrozen, directory: Path
) -> None:
    fill(directory, frozen, images(20))
    fill(directory, replace(frozen, key="other"), images(20))
    fill(directory, frozen, images(20, seed=1))
    fill(directory, frozen, images(20).reshape(20, 2, 8, 1))
    assert len(entries(directory)) == 4


def test_threads_are_part_of_the_key(frozen: CountingFrozen, directory: Path) -> None:
    threads = torch.get_num_threads()
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            fill(directory, frozen, images(3))
    finally:
        torch.set_num_threads(threads)
    assert len(entries(directory)) == 2


def test_bits_do_not_depend_on_what_was_cached_or_on_order(directory: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = FrozenPart(ResNet20())
    frozen = FrozenBackbone("random", lambda: network, ImagePreprocessing((8, 8)), batch_size=7)
    pool, foreign = images(20), images(9, seed=1)
    x = np.concatenate([pool[:15], foreign])
    order = np.random.default_rng(0).permutation(len(x))
    cold = FeatureCache(directory)
    warm = FeatureCache(directory)
    elsewhere = FeatureCache(tmp_path / "elsewhere")
    elsewhere.outputs(frozen, foreign[:3], pool).features()
    for get in (
        lambda *args: FeatureCache.outputs(*args).features(),
        lambda *args: FeatureCache.outputs(*args).stages()["layer2_grid"],
    ):
        expected = get(cold, frozen, x, pool)
        np.testing.assert_array_equal(get(warm, frozen, x, pool), expected)
        np.testing.assert_array_equal(get(warm, frozen, x[order], pool[::-1]), expected[order])
        np.testing.assert_array_equal(get(elsewhere, frozen, x, pool), expected)
    np.testing.assert_allclose(
        warm.outputs(frozen, x, pool).features(), frozen(x).features, rtol=1e-4, atol=1e-5
    )


def test_two_processes_at_once_compute_one_entry(frozen: CountingFrozen, directory: Path) -> None:
    slow = replace(frozen, pause=0.5)
    processes = [
        CHILDREN.Process(target=with_one_thread, args=(fill, directory, slow, images(6)))
        for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert frozen.calls == [6]


def test_one_that_dies_while_computing_leaves_nothing(
    frozen: CountingFrozen, directory: Path
) -> None:
    assert in_child(fill, directory, replace(frozen, die=True), images(6)) == -signal.SIGKILL
    assert entries(directory) == []
    fill(directory, frozen, images(6))
    assert len(entries(directory)) == 1


def die_while_writing(directory: Path, frozen: CountingFrozen, pool: NDArray[np.uint8]) -> None:
    def half(writer: FeatureFileWriter) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    pytest.MonkeyPatch().setattr(FeatureFileWriter, "finish", half)
    fill(directory, frozen, pool)


def test_one_that_dies_while_writing_leaves_no_half_entry(
    frozen: CountingFrozen, directory: Path
) -> None:
    assert in_child(die_while_writing, directory, frozen, images(6)) == -signal.SIGKILL
    assert entries(directory) == []
    assert len(list(directory.glob("*.partial"))) == 1
    fill(directory, frozen, images(6))
    fill(directory, frozen, images(6))
    assert frozen.calls == [6, 6]
    assert list(directory.glob("*.partial")) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-5] + bytes([content[-5] ^ 1]) + content[-4:],
        lambda content: b"\xff" * len(content),
    ],
    ids=["empty", "truncated", "flipped", "overwritten"],
)
def test_damaged_entry_is_computed_again(
    frozen: CountingFrozen, directory: Path, damage: Callable[[bytes], bytes]
) -> None:
    pool = images(6)
    fill(directory, frozen, pool)
    (entry,) = entries(directory)
    entry.write_bytes(damage(entry.read_bytes()))
    np.testing.assert_array_equal(
        FeatureCache(directory).outputs(frozen, pool, pool).features(), 2.0 * pool.reshape(6, -1)
    )
    fill(directory, frozen, pool)
    assert frozen.calls == [6, 6]


def test_directory_that_cannot_be_made(
    frozen: CountingFrozen, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    directory = tmp_path / "file" / "cache"
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            fill(directory, frozen, images(6))
    assert frozen.calls == [6, 6]
    assert [record.getMessage() for record in caplog.records] == [
        f"the feature cache {directory} cannot be written (Not a directory): "
        "frozen features are not stored"
    ]


def test_read_only_directory_still_gives_what_it_holds(
    frozen: CountingFrozen, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(directory, frozen, images(6))

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(models.feature_cache, "FileLock", refuse)
    monkeypatch.setattr(os, "utime", refuse)
    fill(directory, frozen, images(6))
    fill(directory, frozen, images(2, seed=1))
    assert frozen.calls == [6, 2]
    assert len(entries(directory)) == 1


def fill_a_full_disk(directory: Path, frozen: CountingFrozen, pool: NDArray[np.uint8]) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
    features = FeatureCache(directory).outputs(frozen, pool, pool).features()
    np.testing.assert_array_equal(features, 2.0 * pool.reshape(len(pool), -1))


def test_a_disk_without_room_is_not_filled(
    frozen: CountingFrozen,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    usage = shutil.disk_usage(directory.parent)._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    pool = images(6)
    features = FeatureCache(directory).outputs(frozen, pool, pool).features()
    np.testing.assert_array_equal(features, 2.0 * pool.reshape(6, -1))
    assert entries(directory) == []
    assert "is on a full disk" in caplog.text


def test_outputs_of_some_samples(frozen: CountingFrozen, directory: Path) -> None:
    pool, foreign = images(20), images(5, seed=1)
    x = np.concatenate([foreign, pool])
    outputs = FeatureCache(directory).outputs(frozen, x, pool)
    rows = np.array([7, 0, 7, 24])
    np.testing.assert_array_equal(outputs.take(rows).features(), outputs.features()[rows])
    np.testing.assert_array_equal(outputs.take(rows).stages()["max"], outputs.stages()["max"][rows])


def test_a_set_in_chunks_gives_the_same_file_as_in_one(
    frozen: CountingFrozen, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(directory, frozen, images(20))
    (entry,) = entries(directory)
    expected = entry.read_bytes()
    entry.unlink()
    monkeypatch.setattr(models.feature_cache, "CHUNK", 8)
    fill(directory, frozen, images(20))
    assert entry.read_bytes() == expected


def test_full_disk(frozen: CountingFrozen, directory: Path) -> None:
    assert in_child(fill_a_full_disk, directory, frozen, images(6)) == 0
    assert [path.name for path in directory.iterdir()] == ["locks"]


def test_least_recently_used_entries_go_first(frozen: CountingFrozen, directory: Path) -> None:
    fill(directory, frozen, images(6))
    size = entries(directory)[0].stat().st_size
    cache = FeatureCache(directory, limit_bytes=2 * size)
    for age, seed in ((200, 1), (300, 0)):
        cache.outputs(frozen, images(6, seed), images(6, seed)).features()
        for path in entries(directory):
            os.utime(path, (path.stat().st_mtime - age,) * 2)
    # read again: the older one becomes the younger
    FeatureCache(directory).outputs(frozen, images(6), images(6)).features()
    cache.outputs(frozen, images(6, 2), images(6, 2)).features()
    assert len(entries(directory)) == 2
    before = len(frozen.calls)
    fill(directory, frozen, images(6))
    fill(directory, frozen, images(6, 2))
    assert len(frozen.calls) == before
    fill(directory, frozen, images(6, 1))
    assert len(frozen.calls) == before + 1


def test_entry_above_the_limit_is_not_stored(frozen: CountingFrozen, directory: Path) -> None:
    pool = images(6)
    features = FeatureCache(directory, limit_bytes=100).outputs(frozen, pool, pool).features()
    np.testing.assert_array_equal(features, 2.0 * pool.reshape(6, -1))
    assert entries(directory) == []
