"""The options of ``python -m experiments.audit``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from common.errors import UserError
from experiments.commands.environment_options import Surroundings, described
from experiments.datasets.lookup import canonical_dataset

OUT = Path("audit")
NO_VALIDATION = "none"


@dataclass(frozen=True, kw_only=True)
class AuditOptions(Surroundings):
    """What to audit, and how."""

    data: str = field(
        metadata=described(
            "the training set: an image folder, a CSV, Parquet or npz file, or a registered name"
        )
    )
    label: str | None = field(
        default=None, metadata=described("name of the label column (default: label; of npz: y)")
    )
    validation: str | None = field(
        default=None,
        metadata=described(
            "samples that are known to be right, of the same form; none (the default): only wrong "
            "labels are looked for"
        ),
    )
    model: str | None = field(
        default=None,
        metadata=described(
            "registered model (default: for images resnet20 if its weights are here, else "
            "small_convnet; for tables mlp)"
        ),
    )
    max_false_alarms: float | None = field(
        default=None,
        metadata=described(
            "share of clean samples among the flagged ones that is borne, in (0, 1) (default: the "
            "diagnosis chooses its own threshold)"
        ),
    )
    learning_rate: float | None = field(
        default=None, metadata=described("learning rate (default: the model's)")
    )
    seed: int = field(default=0, metadata=described("seed of everything random"))
    out: Path = field(default=OUT, metadata=described("folder for the results"))

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
