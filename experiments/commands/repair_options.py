"""The options of ``python -m experiments.repair``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from common.errors import UserError
from experiments.commands.audit_options import NO_VALIDATION
from experiments.commands.environment_options import Surroundings, described
from experiments.datasets.lookup import canonical_dataset

SEEDS = 5


@dataclass(frozen=True, kw_only=True)
class RepairOptions(Surroundings):
    """Which audit to act on, and how."""

    audit: str = field(metadata=described("id of the run of a finished audit"))
    decisions: Path | None = field(
        default=None,
        metadata=described(
            "CSV file of row, action (keep, relabel, drop) and new_label, as the page of the audit "
            "exports it (default: what the audit proposes)"
        ),
    )
    validation: str | None = field(
        default=None,
        metadata=described("samples that are known to be right (default: those of the audit)"),
    )
    truth: Path | None = field(
        default=None,
        metadata=described(
            "decisions that would make the set clean, where they are known: the same form"
        ),
    )
    seeds: int = field(default=SEEDS, metadata=described("trainings of each set"))
    out: Path = field(default=Path("repair"), metadata=described("folder for the results"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seeds < 2:
            raise UserError(f"seeds must be at least 2, for an interval, however: {self.seeds}")

    def clean(self, of_audit: str | None) -> str | None:
        """The validation data: those named here, or those of the audit."""
        if self.validation is None:
            return of_audit
        return None if self.validation == NO_VALIDATION else canonical_dataset(self.validation)
