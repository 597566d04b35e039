"""The options of ``python -m experiments.audit``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.cli import option, required
from common.errors import UserError
from experiments.commands.environment_options import EnvironmentOptions
from experiments.datasets.lookup import canonical_dataset

OUT = Path("audit")
NO_VALIDATION = "none"


@dataclass(frozen=True, kw_only=True)
class AuditOptions(EnvironmentOptions):
    """What to audit, and how."""

    data: str = required(
        "the training set: an image folder, a CSV, Parquet or npz file, or a registered name"
    )
    label: str | None = option("name of the label column (default: label; of npz: y)")
    validation: str | None = option(
        "samples that are known to be right, of the same form; none (the default): only wrong "
        "labels are looked for"
    )
    model: str | None = option(
        "registered model (default: for images resnet20 if its weights are here, else "
        "small_convnet; for tables mlp)"
    )
    max_false_alarms: float | None = option(
        "target false discovery rate, in (0, 1): the largest acceptable share of clean samples "
        "among the flagged ones (default: the diagnosis chooses its own threshold)"
    )
    learning_rate: float | None = option("learning rate (default: the model's)")
    seed: int = option("seed of everything random", 0)
    out: Path = option("folder for the results", OUT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_false_alarms is not None and not 0 < self.max_false_alarms < 1:
            raise UserError(
                f"max_false_alarms must lie in (0, 1), however: {self.max_false_alarms}"
            )
        if self.seed < 0:
            raise UserError(f"seed must be a whole number from 0, however: {self.seed}")

    @property
    def source(self) -> str:
        """The data, by a text that means it in any working directory."""
        return canonical_dataset(self.data)

    @property
    def clean(self) -> str | None:
        """Likewise the validation data, if there are any."""
        if self.validation in (None, NO_VALIDATION):
            return None
        return canonical_dataset(str(self.validation))
