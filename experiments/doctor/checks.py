"""Whether this machine has what the suite needs: a line each, good or with what to do."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from experiments.training.build import check_weights, missing_weights
from experiments.training.context import TrialContext
from models import MODELS

Mark = Literal["good", "note", "bad"]

_GIB = 2**30
_LOW_DISK_GIB = 5.0
_LOW_MEMORY_MIB = 3000.0


@dataclass(frozen=True)
class Finding:
    """One line of the examination.

    Attributes:
        topic: what was looked at.
        mark: ``good``; ``note``: not here, which only some trials would need; or ``bad``.
        text: what was found, and what to do if it is not good.
    """

    topic: str
    mark: Mark
    text: str


@dataclass(frozen=True)
class Subject:
    """What is examined.

    Attributes:
        context: data root and cache.
        uri: of the tracking store.
        experiment: in it.
        ray: starts or joins Ray, and raises ``UserError`` where it cannot.
    """

    context: TrialContext
    uri: str
    experiment: str
    ray: Callable[[], str]


def examine(subject: Subject) -> Iterator[Finding]:
    """All findings, each as soon as it is known."""
    yield from _versions()
    yield from _machine(subject)
    yield from _data(subject.context)
    yield from _weights(subject.context)
    yield from _store(subject)
    yield _cache(subject.context.cache)
    yield _tried("Ray", subject.ray)


def _versions() -> Iterator[Finding]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    yield Finding("Python", "good", platform.python_version())
    wrong = []
    for pin in project["dependencies"]:
        name, _, wanted = pin.partition("==")
        try:
            found = importlib.metadata.version(name.partition("[")[0])
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found.partition("+")[0] != wanted:
            wrong.append(f"{name} {found} instead of {wanted}")
    pins = len(project["dependencies"])
    if wrong:
        text = f"{', '.join(wrong)}; results may differ: install with uv sync"
        yield Finding("libraries", "bad", text)
    else:
        yield Finding("libraries", "good", f"all {pins} at their pinned versions")


def _machine(subject: Subject) -> Iterator[Finding]:
    left = available_mib()
    text = f"{cores()} cores, {left:,.0f} of {total_mib():,.0f} MiB of memory available"
    if left > _LOW_MEMORY_MIB:
        yield Finding("machine", "good", text)
    else:
        advice = "a trial needs about 1.5 GiB: close other programs"
        yield Finding("machine", "bad", f"{text}; {advice}")
    for what, folder in (
        ("scratch", Path(tempfile.gettempdir())),
        ("cache", subject.context.cache),
    ):
        there = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(there).free / _GIB
        text = f"{free:.0f} GiB free at {folder}"
        if free > _LOW_DISK_GIB:
            yield Finding(f"disk for {what}", "good", text)
        else:
            yield Finding(f"disk for {what}", "bad", f"{text}; make room, or name another folder")


def _data(context: TrialContext) -> Iterator[Finding]:
    if context.data_root is None:
        text = "none named: bundled data only; --data-root DIR or INFLUENCE_DATA_ROOT names one"
        yield Finding("data root", "note", text)
    options = DataOptions(context.data_root, cache=context.cache)
    for name in DATASETS:
        source = DATASETS[name]
        missing = source.missing(options)
        if missing is not None:
            yield Finding(f"data {name}", "note", f"not here: {missing}")
            continue

        def load(name: str = name) -> str:
            data = DATASETS[name].load(options)
            return f"{len(data):,} samples, {data.n_classes} classes, digest {data.digest[:12]}"

        yield _tried(f"data {name}", load)


def _weights(context: TrialContext) -> Iterator[Finding]:
    for name in MODELS:
        family = MODELS[name]
        if not family.defaults.pretrained:
            continue
        missing = missing_weights(name, family.defaults, context)
        if missing is not None:
            yield Finding(f"weights {name}", "note", f"not here: {missing}")
            continue

        def open_weights(name: str = name) -> str:
            check_weights(name, context)
            return "checksum as published"

        yield _tried(f"weights {name}", open_weights)


def _store(subject: Subject) -> Iterator[Finding]:
    shown = without_secrets(subject.uri)
    if not exists(subject.uri):
        yield Finding("tracking store", "note", f"{shown} is not there: the first run makes it")
    else:
        yield _tried("tracking store", lambda: _written_to(subject))
    waiting = len(Outbox.of(absolute(subject.uri), subject.experiment).parcels())
    if waiting:
        yield Finding("spool", "bad", f"{waiting} results wait: start the grid again to log them")
    else:
        yield Finding("spool", "good", "empty")


def _written_to(subject: Subject) -> str:
    """Write a run with an artifact, and delete it."""
    uri, experiment_id = open_experiment(subject.uri, subject.experiment)
    tracker = Tracker(uri, experiment_id, patience=0.0)
    try:
        run_id = tracker.start(RunRecord("doctor", "", now_ms(), {}, {}))
        tracker.end(run_id, "FINISHED", files={"probe.txt": "written by experiments.doctor\n"})
        tracker.delete(run_id)
    except TrackingError as error:
        raise UserError(f"cannot be written to: {error}") from error
    return f"{without_secrets(uri)} takes runs and artifacts"


def _cache(folder: Path) -> Finding:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return Finding("cache", "good", f"{len(sizes)} files, {sum(sizes) / _GIB:.2f} GiB at {folder}")


def _tried(topic: str, action: Callable[[], str]) -> Finding:
    try:
        return Finding(topic, "good", action())
    except (UserError, OSError) as error:
        return Finding(topic, "bad", one_line(error))
