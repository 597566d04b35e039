"""Audit: what is wrong with a training set of one's own, why, and what to do about it."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.audit.api import audit
    from experiments.audit.result import AuditResult, load

__all__ = ["AuditResult", "audit", "load"]

_MODULES = {"audit": "api", "AuditResult": "result", "load": "result"}


def __getattr__(name: str) -> Any:
    """The public names, imported when first used: ``--help`` does not wait for torch."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
