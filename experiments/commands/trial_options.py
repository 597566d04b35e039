"""The options of ``python -m experiments.trial``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from common.errors import UserError
from experiments.commands.environment_options import Surroundings, described
from experiments.trial.resolve import resolve
from experiments.trial.spec import TrialSpec


@dataclass(frozen=True, kw_only=True)
class Choices(Surroundings):
    """What to do, beside naming a trial."""

    again: bool = field(
        default=False, metadata=described("run a finished trial again, in place of its run")
    )
    from_run: str | None = field(
        default=None,
        metadata=described("id of a finished run: repeat its trial, log nothing, compare scores"),
    )

    fetch: bool = field(
        default=False, metadata=described("download data and weights that are not here")
    )

    def given(self) -> dict[str, Any]:
        """The fields of a spec that were given."""
        values = {f.name: getattr(self, f.name, None) for f in fields(TrialSpec)}
        return {name: value for name, value in values.items() if value is not None}

    def spec(self, data_root: Path | None) -> TrialSpec:
        """The trial that the options name."""
        values = self.given()
        missing = [name for name in ("dataset", "model", "glitch") if name not in values]
        if missing:
            options = ", ".join(f"--{name}" for name in missing)
            raise UserError(f"missing: {options} (see --help)")
        return resolve(values, data_root)


def _options() -> type[Choices]:
    hints = get_type_hints(TrialSpec)
    of_spec = [
        (f.name, hints[f.name], field(default=None, metadata=_help(f), kw_only=True))
        for f in fields(TrialSpec)
    ]
    return make_dataclass("TrialOptions", of_spec, bases=(Choices,), frozen=True)


def _help(f: Any) -> dict[str, str]:
    text = f.metadata["help"]
    return described(f"{text} (default: {f.default})" if _is_said(f.default) else text)


def _is_said(default: object) -> bool:
    return isinstance(default, (int, float, str))


TrialOptions = _options()
"""Every field of a spec as an option; one that is left out keeps the default of the spec."""
