"""Registries: a name, and where its object is defined.

An entry is ``"module:attribute"`` and is imported when it is first asked for, so that listing the
names costs nothing and a heavy dependency of one entry is not paid by the others.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Generic, TypeVar, cast

from common.errors import UserError, unknown_name

T = TypeVar("T")


class Registry(Generic[T]):
    """Names of one kind (dataset, model, glitch, signal, ...) and the objects behind them.

    >>> numbers: Registry[type] = Registry("number", {"fraction": "fractions:Fraction"})
    >>> numbers["fraction"].__name__
    'Fraction'
    >>> numbers["fractoin"]
    Traceback (most recent call last):
    common.errors.UserError: unknown number 'fractoin' (did you mean 'fraction'?); allowed: fraction
    """

    def __init__(self, kind: str, entries: dict[str, str]) -> None:
        self.kind = kind
        self._entries = dict(entries)

    def register(self, name: str, target: str) -> None:
        """Add ``name`` at run time; a name that is taken is an error."""
        if name in self._entries:
            raise UserError(f"{self.kind} {name!r} is already registered")
        self._entries[name] = target

    def unregister(self, name: str) -> None:
        """Take back what :meth:`register` added."""
        del self._entries[name]

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            raise unknown_name(self.kind, name, self._entries)
        module, _, attribute = self._entries[name].partition(":")
        return cast(T, getattr(importlib.import_module(module), attribute))

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def names(self) -> tuple[str, ...]:
        """All names, in the order of their registration."""
        return tuple(self._entries)
