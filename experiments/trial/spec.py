"""The identity of a trial."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING

from common.cli import option, required

if TYPE_CHECKING:  # the fields alone, for --help, load neither torch nor pandas
    from glitches.plan import GlitchPlan
    from models.base import TrainingSettings

HASH_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class TrialSpec:
    """One trial: a dataset, a model, a glitch at a ratio, a seed, and how it is run.

    Every field holds the value that the trial runs with, so that equal specs give equal numbers.
    :func:`experiments.trial.resolve.resolve` makes a spec from the fields that a user gives; the
    fields of a stored spec make the same spec again. Neither the environment nor any file is read
    when a spec is constructed.
    """

    dataset: str = required("registered name of a dataset, or a path to your own data")
    model: str = required("registered name of a model")
    glitch: str = required("glitch, as name, name(option=value) or name:share+name:share")
    ratio: float = option("share of glitched samples in the training set, in (0, 0.5]", 0.1)
    seed: int = option("seed of the whole trial", 0)
    estimator: str = option("estimator of influence", "exact")
    epochs: int = required("epochs of training (default: published setting)")
    batch_size: int = required("samples per step of SGD (default: published setting)")
    learning_rate: float = required("learning rate (default: published setting)")
    pretrained: bool = required("start from published weights (default: published setting)")
    keep_classifier: bool = required(
        "start from the published classifier too (default: published setting)"
    )
    precision: str = option(
        "matrix products of training: float32, or tf32 on a CUDA device", "float32"
    )
    subset: float = required("share of the dataset that is drawn (default: the dataset's)")
    foreign: str | None = option(
        "dataset that far-clustered anomalies come from (default: the dataset's)", None
    )
    signals: str = option("signals to score: paper, all, or names joined by +", "paper")
    validation_noise: float = option("share of validation labels made wrong, in [0, 0.5]", 0.0)
    truth: bool = option("retrain without samples, and compare every estimator with it", False)
    label: str | None = option("own data: name of the label column", None)
    known_glitch: str | None = option(
        "own data: name of the column that marks known glitches", None
    )

    @cached_property
    def plan(self) -> GlitchPlan:
        """The glitches to inject, parsed from ``glitch``."""
        from glitches.parse import parse_glitch  # noqa: PLC0415 - see above

        return parse_glitch(self.glitch)

    @property
    def settings(self) -> TrainingSettings:
        """How the model is trained."""
        from models.base import TrainingSettings  # noqa: PLC0415 - see above

        return TrainingSettings(
            self.epochs,
            self.batch_size,
            self.learning_rate,
            self.pretrained,
            self.keep_classifier,
            self.precision,
        )

    @property
    def name(self) -> str:
        """Readable name: ``dataset/model/glitch@ratio#seed``."""
        return f"{self.dataset}/{self.model}/{self.glitch}@{self.ratio:g}#{self.seed}"

    @property
    def spec_hash(self) -> str:
        """Stable content hash of the fields.

        Fields at their declared default are not hashed, so that a field that is added to specs
        later does not change the hashes of finished trials.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        hashed = {f.name: values[f.name] for f in fields(self) if values[f.name] != f.default}
        canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_LENGTH]

    def with_seed(self, seed: int) -> TrialSpec:
        """The same trial with another seed."""
        return replace(self, seed=seed)
