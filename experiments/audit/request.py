"""What an audit was asked: its data, its model and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

IN_MEMORY = ""


@dataclass(frozen=True)
class AuditRequest:
    """The parameters of an audit, as its run in MLflow has them.

    Attributes:
        data: the training set, a registered name or an absolute path; ``IN_MEMORY`` if the caller
            passed objects.
        label: name of the label column; empty for the default.
        validation: the reference set, likewise a name or a path; empty if there is none, and if the
            caller passed objects.
        model: registered name.
        seed: of all randomness.
        learning_rate: of the training.
        digest: of the samples and labels.
        groups: name of the column of groups; empty if there is none, and if the caller passed
            objects.
    """

    data: str
    label: str
    validation: str
    model: str
    seed: int
    learning_rate: float
    digest: str
    groups: str = ""

    @classmethod
    def from_params(cls, params: Mapping[str, str]) -> AuditRequest:
        """The request that :meth:`params` was made of; others in the mapping are ignored."""
        return cls(
            data=params["data"],
            label=params["label"],
            validation=params["validation"],
            model=params["model"],
            seed=int(params["seed"]),
            learning_rate=float(params["learning_rate"]),
            digest=params["digest"],
            groups=params.get("groups", ""),
        )

    def params(self) -> dict[str, str]:
        """All of it as text; groups only where there are some."""
        params = {name: str(value) for name, value in asdict(self).items()}
        if not self.groups:
            del params["groups"]
        return params

    @property
    def subject(self) -> str:
        """What was audited, in a few words."""
        return Path(self.data).name if self.data != IN_MEMORY else "data in memory"
