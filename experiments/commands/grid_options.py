"""The options of ``python -m experiments.grid``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from common.errors import UserError, unknown_name
from experiments.commands.environment_options import Surroundings, described
from experiments.execution.ray_executor import Pool
from experiments.execution.watchdog import Limits
from experiments.grid.plan import Choice
from experiments.machine import total_mib

_RESERVE_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class GridOptions(Surroundings):
    """What is run, where, and what of it again."""

    grid: str = field(
        default="embedded", metadata=described("name of a grid, or path of a grid file (.toml)")
    )
    only: tuple[str, ...] = field(
        default=(),
        metadata=described(
            "only trials with these values, such as dataset=mnist,glitch=uniform_noise"
        ),
    )
    dry_run: bool = field(
        default=False,
        metadata=described("list the trials, those finished and the time, and run nothing"),
    )
    missing: str = field(
        default="refuse",
        metadata=described(
            "trials whose data or weights are not here: refuse, fetch (download first) or skip"
        ),
    )
    changed_code: str = field(
        default="keep", metadata=described("finished trials of other code: keep or repeat")
    )
    changed_data: str = field(
        default="repeat", metadata=described("finished trials of other data: keep or repeat")
    )
    cpus: int | None = field(default=None, metadata=described("cores to use (default: all)"))
    ray_address: str | None = field(
        default=None, metadata=described("existing Ray cluster, host:port or auto (default: none)")
    )
    time_limit: float | None = field(
        default=None, metadata=described("seconds that a trial may take (default: no limit)")
    )
    attempts: int = field(
        default=3, metadata=described("times that a trial is begun if its surroundings fail")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, allowed in (
            ("missing", ("refuse", "fetch", "skip")),
            ("changed_code", ("keep", "repeat")),
            ("changed_data", ("keep", "repeat")),
        ):
            if getattr(self, name) not in allowed:
                raise unknown_name(f"choice for {name}", getattr(self, name), allowed)
        for name in ("cpus", "attempts"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"{name} must be at least 1, however: {value}")
        if self.time_limit is not None and not self.time_limit > 0:
            raise UserError(f"time_limit must be positive, however: {self.time_limit:g}")

    @property
    def choices(self) -> tuple[Choice, Choice]:
        """What becomes of finished trials of other code, and of other data."""
        return cast(Choice, self.changed_code), cast(Choice, self.changed_data)

    @property
    def pool(self) -> Pool:
        """Where trials run."""
        return Pool(self.cpus, self.ray_address, self.attempts)

    @property
    def limits(self) -> Limits:
        """What one trial may take."""
        return Limits(self.time_limit, None, max(_RESERVE_SHARE * total_mib(), 256.0))
