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
    """Which audit to act on, and how."""

    audit: str = required("id of the run of a finished audit")
    decisions: Path | None = option(
        "CSV file of row, action (keep, relabel, drop) and new_label, as the page of the audit "
        "exports it (default: what the audit proposes)"
    )
    validation: str | None = option(
        "samples that are known to be right (default: those of the audit)"
    )
    truth: Path | None = option(
        "decisions that would make the set clean, where they are known: the same form"
    )
    seeds: int = option("number of trainings on each set", SEEDS)
    out: Path = option("folder for the results", Path("repair"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seeds < 2:
            raise UserError(f"seeds must be at least 2, for an interval, however: {self.seeds}")

    def clean(self, of_audit: str | None) -> str | None:
        """The validation data: those named here, or those of the audit."""
        if self.validation is None:
            return of_audit
        return None if self.validation == NO_VALIDATION else canonical_dataset(self.validation)
