"""Trials that take no time, for everything around a trial. The seed chooses what happens."""

from __future__ import annotations

import os
import signal
import time
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from common.dataset import Dataset
from common.errors import UserError
from common.seeds import generator
from experiments.training.context import TrialContext
from experiments.trial.resolve import resolve
from experiments.trial.result import DatasetIdentity, TrialResult
from experiments.trial.spec import TrialSpec
from glitches.contaminated import Contaminated
from influence.profile import Profile

FAILS, WARNS, HANGS, DIES_ONCE, DIES, BAD_INPUT, NO_ROOM = range(1000, 1007)
HOLD_VARIABLE = "FAKE_TRIAL_SECONDS"
N, EPOCHS, CLASSES = 20, 3, 2


def spec(seed: int = 0, **changes: Any) -> TrialSpec:
    """A trial of the embedded data, never really run here."""
    values = {"dataset": "wine", "model": "mlp", "glitch": "uniform_noise", "seed": seed}
    return resolve(values | changes, None)


def run_trial(spec: TrialSpec, context: TrialContext) -> TrialResult:
    """What the seed asks for; else a made-up result after as long as the environment says."""
    time.sleep(float(os.environ.get(HOLD_VARIABLE, "0")))
    _misbehave(spec.seed, context.cache)
    return made_up(spec)


def _misbehave(seed: int, folder: Path) -> None:
    match seed:
        case 1000:
            raise RuntimeError("the trial broke")
        case 1001:
            warnings.warn("this is odd", stacklevel=1)
        case 1002:
            time.sleep(3600)
        case 1003:
            folder.mkdir(parents=True, exist_ok=True)
            mark = folder / "died-once"
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case 1004:
            os.kill(os.getpid(), signal.SIGKILL)
        case 1005:
            raise UserError("no class is eligible")
        case 1006:
            raise OSError(28, "No space left on device")


@cache
def _samples() -> Dataset:
    rng = np.random.default_rng(0)
    labels = np.arange(N, dtype=np.int64) % CLASSES
    x = rng.normal(size=(N, 3)).astype(np.float32)
    return Dataset("wine", "tabular", x, labels, ("a", "b"), np.arange(N))


def made_up(spec: TrialSpec) -> TrialResult:
    """A result that depends on the spec alone."""
    data = _samples()
    rng = generator(spec.seed, spec.spec_hash)
    train = Contaminated.clean(data).marked(np.array([0, 1]), spec.glitch)
    scores = train.error_table()
    scores["self_influence"] = rng.normal(size=N)
    own = rng.random((EPOCHS + 1, N)).astype(np.float32)
    by_class = rng.random((EPOCHS + 1, N, CLASSES)).astype(np.float32)
    return TrialResult(
        spec=spec,
        dataset=DatasetIdentity("wine", data.digest, N, CLASSES, "tabular"),
        train=train,
        validation=data,
        scores=scores,
        metrics={"f1/self_influence": float(rng.random())},
        epoch_metrics={"epoch_f1/self_influence": rng.random(EPOCHS).tolist()},
        profile=Profile(own, by_class, -by_class, np.array([10, 10])),
        seconds={"load": 0.001, "train": 0.002},
        peak_rss_mib=100.0,
    )
