"""The identity of a trial."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from common.errors import UserError, unknown_name
from experiments.datasets import DATASETS
from experiments.datasets.lookup import canonical_dataset, source_for
from experiments.training.settings import settings_for
from glitches.parse import parse_glitch
from influence.estimators import ESTIMATORS
from influence.signals import select
from models import MODELS
from models.base import TrainingSettings

HASH_LENGTH = 16


def _option(help_text: str, default: Any = None) -> Any:
    return field(default=default, metadata={"help": help_text})


def _required(help_text: str) -> Any:
    return field(metadata={"help": help_text})


@dataclass(frozen=True)
class TrialSpec:
    """One trial: a dataset, a model, a glitch at a ratio, a seed, and how it is run.

    ``epochs``, ``batch_size``, ``learning_rate``, ``pretrained``, ``keep_classifier`` and
    ``subset`` left at ``None`` take the values of ``experiments/training/settings.py`` and of the
    dataset; after construction they are always set, so that the hash covers what really ran.
    """

    dataset: str = _required("registered name of a dataset, or a path to your own data")
    model: str = _required("registered name of a model")
    glitch: str = _required("glitch, as name, name(option=value) or name:share+name:share")
    ratio: float = _option("share of glitched samples in the training set, in (0, 0.5]", 0.1)
    seed: int = _option("seed of the whole trial", 0)
    estimator: str = _option("estimator of influence", "exact")
    epochs: int = _option("epochs of training (default: published setting)")
    batch_size: int = _option("samples a step of SGD (default: published setting)")
    learning_rate: float = _option("learning rate (default: published setting)")
    pretrained: bool = _option("start from published weights (default: published setting)")
    keep_classifier: bool = _option(
        "start from the published classifier too (default: published setting)"
    )
    subset: float = _option("share of the dataset that is drawn (default: the dataset's)")
    foreign: str | None = _option(
        "dataset that far-clustered anomalies come from (default: the dataset's)"
    )
    signals: str = _option("signals to score: paper, all, or names joined by +", "paper")
    validation_noise: float = _option("share of validation labels made wrong, in [0, 0.5]", 0.0)
    truth: bool = _option("retrain without samples, and compare every estimator with it", False)
    label: str | None = _option("own data: name of the label column")
    known_glitch: str | None = _option("own data: name of the column that marks known glitches")

    def __post_init__(self) -> None:
        object.__setattr__(self, "dataset", canonical_dataset(self.dataset))
        source = source_for(self.dataset)
        self._check_columns()
        family = MODELS[self.model]
        if self.estimator not in ESTIMATORS:
            raise unknown_name("estimator", self.estimator, ESTIMATORS)
        object.__setattr__(self, "signals", "+".join(select(self.signals)))
        parsed = parse_glitch(self.glitch)
        for what, allowed in ((f"model {self.model!r}", family.modalities), *parsed.modalities()):
            if source.modality not in allowed:
                raise UserError(
                    f"{what} is for {' and '.join(sorted(allowed))} data, however "
                    f"{self.dataset!r} is {source.modality}"
                )
        object.__setattr__(self, "glitch", str(parsed))
        if not parsed.takes_ratio:
            object.__setattr__(self, "ratio", 0.0)
        parsed.check_ratio(self.ratio)
        self._settle_foreign(source.foreign if parsed.uses_foreign else None, parsed.uses_foreign)
        if not 0 <= self.validation_noise <= 0.5:
            raise UserError(
                f"validation_noise must lie in [0, 0.5], however: {self.validation_noise}"
            )
        if not isinstance(self.seed, int) or self.seed < 0:
            raise UserError(f"seed must be a whole number from 0, however: {self.seed!r}")
        published = settings_for(self.model, self.dataset)
        for name, value in (*asdict(published).items(), ("subset", source.subset)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        if not 0 < self.subset <= 1:
            raise UserError(f"subset must lie in (0, 1], however: {self.subset}")
        _ = self.settings

    def _check_columns(self) -> None:
        for name in ("label", "known_glitch"):
            if self.dataset in DATASETS and getattr(self, name) is not None:
                raise UserError(
                    f"{name}={getattr(self, name)!r} has no use with {self.dataset!r}: it names a "
                    "column of your own data"
                )

    def _settle_foreign(self, default: str | None, used: bool) -> None:
        if self.foreign is not None and not used:
            raise UserError(f"foreign={self.foreign!r} has no use with glitch {self.glitch!r}")
        foreign = default if self.foreign is None else canonical_dataset(self.foreign)
        object.__setattr__(self, "foreign", foreign)
        if used and self.foreign is None:
            raise UserError(
                f"{self.glitch!r} needs a foreign dataset, and {self.dataset!r} has none by "
                "default: name one with foreign"
            )
        if self.foreign is not None and source_for(self.foreign).modality != "image":
            raise UserError(f"foreign must be an image dataset, however: {self.foreign!r}")

    @property
    def settings(self) -> TrainingSettings:
        """How the model is trained."""
        return TrainingSettings(
            self.epochs, self.batch_size, self.learning_rate, self.pretrained, self.keep_classifier
        )

    @property
    def name(self) -> str:
        """Readable name: ``dataset/model/glitch@ratio#seed``."""
        return f"{self.dataset}/{self.model}/{self.glitch}@{self.ratio:g}#{self.seed}"

    @property
    def spec_hash(self) -> str:
        """Stable content hash of what was asked for.

        A field at its declared default is left out: a field that is added to specs later leaves
        the hashes of finished trials as they are.
        """
        chosen = {f.name: getattr(self, f.name) for f in fields(self)}
        differing = {f.name: chosen[f.name] for f in fields(self) if chosen[f.name] != f.default}
        canonical = json.dumps(differing, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_LENGTH]

    def with_seed(self, seed: int) -> TrialSpec:
        """The same trial under another seed."""
        return replace(self, seed=seed)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> TrialSpec:
        """The spec of these fields; unknown ones are refused.

        >>> TrialSpec.from_mapping({"dataset": "digits", "model": "mlp", "glitsh": "none"})
        Traceback (most recent call last):
        common.errors.UserError: unknown trial field 'glitsh' (did you mean 'glitch'?); allowed: \
batch_size, dataset, epochs, estimator, foreign, glitch, keep_classifier, known_glitch, label, \
learning_rate, model, pretrained, ratio, seed, signals, subset, truth, validation_noise
        """
        known = {f.name for f in fields(cls)}
        for key in values:
            if key not in known:
                raise unknown_name("trial field", key, known)
        missing = [name for name in ("dataset", "model", "glitch") if name not in values]
        if missing:
            raise UserError(f"a trial needs {', '.join(missing)}")
        return cls(**values)
