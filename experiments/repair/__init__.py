"""Repair: apply decisions on suspicious samples to a copy of the data, and measure the gain."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.repair.api import repair
    from experiments.repair.result import RepairResult

__all__ = ["RepairResult", "repair"]

_MODULES = {"repair": "api", "RepairResult": "result"}


def __getattr__(name: str) -> Any:
    """The public names, imported when first used: ``--help`` does not wait for torch."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
