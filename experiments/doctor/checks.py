"""Whether this machine has what the suite needs: one finding per topic."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from common.errors import UserError
from experiments.datasets import DATASETS
from experiments.datasets.base import DataOptions
from experiments.machine import available_mib, cores, total_mib
from experiments.tracking.outbox import Outbox
from experiments.tracking.record import RunRecord, now_ms
from experiments.tracking.retry import TrackingError, one_line
from experiments.tracking.store import exists, open_experiment
from experiments.tracking.tracker import Tracker
from experiments.tracking.uri import PROJECT, absolute, without_secrets
from experiments.training.context import TrialContext
from experiments.trial.requirements import Data, Weights
from models import MODELS

Mark = Literal["good", "note", "bad"]

DISTRIBUTION = "influence-signals"
_GIB = 2**30
_LOW_DISK_GIB = 5.0
_LOW_MEMORY_MIB = 3000.0


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        topic: what was checked.
        mark: ``good``; ``note``: not here, which matters to some trials only; or ``bad``.
        text: what was found, and what to do if it is not good.
    """

    topic: str
    mark: Mark
    text: str


@dataclass(frozen=True)
class Setup:
    """What is checked.

    Attributes:
        context: data root and cache.
        uri: of the tracking store.
        experiment: in it.
        ray: starts or joins Ray and describes it; raises ``UserError`` where it cannot.
    """

    context: TrialContext
    uri: str
    experiment: str
    ray: Callable[[], str]


def check(setup: Setup) -> Iterator[Finding]:
    """All findings, each as soon as it is known."""
    yield _libraries()
    yield _memory()
    yield _disk("temporary files", Path(tempfile.gettempdir()))
    yield _disk("cache", setup.context.cache)
    yield from _files(setup.context)
    yield _store(setup)
    yield _outbox(setup)
    yield _tried("Ray", setup.ray)


def _libraries() -> Finding:
    found = f"Python {platform.python_version()}"
    pins = [pin.partition("==") for pin in _dependencies()]
    wrong = [
        f"{name} {version or 'missing'} instead of {wanted}"
        for name, _, wanted in pins
        if (version := _installed(name)) != wanted
    ]
    if wrong:
        text = f"{found}; {', '.join(wrong)}; results may differ: install with uv sync"
        return Finding("libraries", "bad", text)
    return Finding("libraries", "good", f"{found}, all {len(pins)} libraries as pinned")


def _dependencies() -> list[str]:
    """The pins of the project: of its folder, or of the installed package."""
    file = PROJECT / "pyproject.toml"
    if file.exists():
        return list(tomllib.loads(file.read_text())["project"]["dependencies"])
    return importlib.metadata.requires(DISTRIBUTION) or []


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name.partition("[")[0]).partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def _memory() -> Finding:
    free = available_mib()
    text = f"{cores()} cores, {free:,.0f} of {total_mib():,.0f} MiB of memory available"
    if free > _LOW_MEMORY_MIB:
        return Finding("machine", "good", text)
    return Finding("machine", "bad", f"{text}; a trial needs about 1.5 GiB: close other programs")


def _disk(use: str, folder: Path) -> Finding:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free / _GIB
    text = f"{free:.0f} GiB free in {folder}"
    if free > _LOW_DISK_GIB:
        return Finding(f"disk for {use}", "good", text)
    return Finding(f"disk for {use}", "bad", f"{text}; free some, or name another folder")


def _files(context: TrialContext) -> Iterator[Finding]:
    if context.data_root is None:
        text = "none: bundled data only; --data-root DIR or INFLUENCE_DATA_ROOT names one"
        yield Finding("data root", "note", text)
    options = DataOptions(context.data_root, cache=context.cache)
    needs: list[Data | Weights] = [Data(name, options) for name in DATASETS]
    needs += [Weights(name, context) for name in MODELS if MODELS[name].defaults.pretrained]
    for need in needs:
        missing = need.missing()
        if missing is not None:
            yield Finding(str(need), "note", f"missing: {missing}")
        else:
            yield _tried(str(need), partial(_loaded, need))


def _loaded(need: Data | Weights) -> str:
    facts = need.load()
    return "as published" if facts is None else f"readable, digest {facts.digest[:12]}"


def _store(setup: Setup) -> Finding:
    if not exists(setup.uri):
        text = f"{without_secrets(setup.uri)} does not exist: the first run creates it"
        return Finding("tracking store", "note", text)
    return _tried("tracking store", lambda: _write_and_delete(setup))


def _write_and_delete(setup: Setup) -> str:
    """Write a run with an artifact to the store, and delete it."""
    uri, experiment_id = open_experiment(setup.uri, setup.experiment)
    tracker = Tracker(uri, experiment_id, patience=0.0)
    try:
        run_id = tracker.start(RunRecord("doctor", "", now_ms(), {}, {}))
        tracker.end(run_id, "FINISHED", files={"probe.txt": "written by experiments.doctor\n"})
        tracker.delete(run_id)
    except TrackingError as error:
        raise UserError(f"cannot be written to: {error}") from error
    return f"{without_secrets(uri)} takes runs and artifacts"


def _outbox(setup: Setup) -> Finding:
    waiting = len(Outbox.of(absolute(setup.uri), setup.experiment).parcels())
    if waiting:
        text = f"{waiting} results are not logged: start the grid again to log them"
        return Finding("outbox", "bad", text)
    return Finding("outbox", "good", "no results wait to be logged")


def _tried(topic: str, action: Callable[[], str]) -> Finding:
    try:
        return Finding(topic, "good", action())
    except (UserError, OSError) as error:
        return Finding(topic, "bad", one_line(error))
