"""The options of ``python -m experiments.audit``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.cli import option, required
from experiments.commands.environment_options import EnvironmentOptions
from experiments.datasets.lookup import canonical_dataset

OUT = Path("audit")
NO_VALIDATION = "none"


@dataclass(frozen=True, kw_only=True)
class AuditOptions(EnvironmentOptions):
    """Options of an audit."""

    data: str = required(
        "training set: an image folder, a CSV, Parquet or npz file, or a registered dataset"
    )
    label: str | None = option(
        "name of the label column or array (default: label, in an npz file y)"
    )
    validation: str | None = option(
        "reference set, in the same form, whose samples are known to be right (default: none; only "
        "label errors are looked for then)"
    )
    groups: str | None = option(
        "column of a table or list of images that says which samples belong together (one patient, "
        "writer, video); they stay in one fold (default: none)"
    )
    model: str | None = option(
        "registered model, or timm:NAME for any pretrained image network of timm (default: for "
        "images efficientnet_lite0, for tables mlp)"
    )
    max_false_alarms: float | None = option(
        "target false discovery rate, in (0, 1): the largest acceptable share of clean samples "
        "among the flagged ones (default: the diagnosis chooses its own threshold)"
    )
    learning_rate: float | None = option("learning rate (default: that of the model)")
    seed: int = option("seed of all randomness", 0)
    out: Path = option("output folder", OUT)
    export: str | None = option(
        "also write the suspects for an annotation tool into the output folder: labelstudio, "
        "fiftyone or csv (default: none)"
    )

    @property
    def exported(self) -> Path | None:
        """Where the suspects are written to, if they are."""
        if self.export is None:
            return None
        return self.out / ("suspects.csv" if self.export == "csv" else self.export)

    @property
    def source(self) -> str:
        """The training set: a registered name or an absolute path."""
        return canonical_dataset(self.data)

    @property
    def clean(self) -> str | None:
        """The reference set, likewise, if there is one."""
        if self.validation in (None, NO_VALIDATION):
            return None
        return canonical_dataset(str(self.validation))
