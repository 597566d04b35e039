"""Audit: what is wrong with a training set of one's own, why, and what to do about it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.audit.api import audit

__all__ = ["audit"]


def __getattr__(name: str) -> Any:
    """The public functions, imported when first used: ``--help`` does not wait for torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from experiments.audit import api  # noqa: PLC0415 - see above

    return getattr(api, name)
