"""The options of ``python -m experiments.repair``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.cli import option, required
from common.errors import UserError
from experiments.commands.audit_options import NO_VALIDATION
from experiments.commands.environment_options import EnvironmentOptions
from experiments.datasets.lookup import canonical_dataset

SEEDS = 5


@dataclass(frozen=True, kw_only=True)
class RepairOptions(EnvironmentOptions):
    """Which audit to repair after, and how."""

    audit: str = required("id of the run of a finished audit")
    decisions: Path | None = option(
        "CSV file with columns row, action (keep, relabel, drop) and new_label, as exported by the "
        "audit report, or Label Studio's JSON export (default: the proposal of the audit)"
    )
    validation: str | None = option(
        "reference set: samples known to be correct (default: that of the audit)"
    )
    truth: Path | None = option(
        "decisions that make the set clean, if they are known, in the same form"
    )
    seeds: int = option("number of trainings on each set", SEEDS)
    out: Path = option("folder for the results", Path("repair"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seeds < 2:
            raise UserError(f"seeds must be at least 2, got {self.seeds}")

    def clean(self, of_audit: str | None) -> str | None:
        """The validation data given here, or else those of the audit."""
        if self.validation is None:
            return of_audit
        return None if self.validation == NO_VALIDATION else canonical_dataset(self.validation)
