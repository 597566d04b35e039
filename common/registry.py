"""Registries: a name, where its object is defined, and what people call it.

A registry may also have *families*: every name ``family:NAME`` is made into an object by one
function.

An object is given as ``"module:attribute"`` and imported when it is first asked for, so that
listing names and titles costs nothing and no entry pays for the heavy dependencies of another.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Generic, NamedTuple, TypeVar, cast

from common.errors import UserError, unknown_name

T = TypeVar("T")


class Entry(NamedTuple):
    """One line of a registry.

    Attributes:
        target: ``"module:attribute"``; without an attribute, the one of the entry's name.
        title: what tables, figures and reports call it; by default the name in words.
        short: for legends and narrow columns; by default the title.
    """

    target: str
    title: str = ""
    short: str = ""


class Registry(Generic[T]):
    """Names of one kind (dataset, model, glitch, signal, ...) and the objects behind them.

    >>> numbers: Registry[type] = Registry("number", {"fraction": "fractions:Fraction"})
    >>> numbers["fraction"].__name__
    'Fraction'
    >>> numbers.title("fraction"), numbers.title("not_registered")
    ('fraction', 'not registered')
    >>> numbers["fractoin"]
    Traceback (most recent call last):
    common.errors.UserError: unknown number 'fractoin' (did you mean 'fraction'?); allowed: fraction
    >>> families = Registry("number", {}, {"integer": "builtins:int"})
    >>> families["integer:7"], families.title("integer:7"), list(families)
    (7, '7', [])
    """

    def __init__(
        self,
        kind: str,
        entries: Mapping[str, str | Entry],
        families: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.kind = kind
        self._entries = {name: _entry(value) for name, value in entries.items()}
        self._families = families

    def register(self, name: str, entry: str | Entry) -> None:
        """Add ``name`` at run time; a name that is taken is an error."""
        if name in self._entries:
            raise UserError(f"{self.kind} {name!r} is already registered")
        self._entries[name] = _entry(entry)

    def unregister(self, name: str) -> None:
        """Take back what :meth:`register` added."""
        del self._entries[name]

    def __getitem__(self, name: str) -> T:
        family, member = self._member(name)
        if family:
            return cast(T, _imported(self._families[family])(member))
        module = self.module(name)
        _, _, attribute = self._entries[name].target.partition(":")
        return cast(T, getattr(module, attribute or name))

    def module(self, name: str) -> ModuleType:
        """The module that defines the object."""
        if name not in self._entries:
            open_names = (f"{family}:NAME" for family in self._families)
            raise unknown_name(self.kind, name, (*self._entries, *open_names))
        return importlib.import_module(self._entries[name].target.partition(":")[0])

    def title(self, name: str) -> str:
        """What people call it; a name that is not registered reads as its words, and a member of a
        family has its own name."""
        family, member = self._member(name)
        if family:
            return member
        entry = self._entries.get(name)
        return (entry and entry.title) or name.replace("_", " ")

    def short(self, name: str) -> str:
        """Its abbreviation, where it has one; else its title."""
        entry = self._entries.get(name)
        return (entry and entry.short) or self.title(name)

    def __contains__(self, name: object) -> bool:
        return name in self._entries or bool(self._member(str(name))[0])

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def names(self) -> tuple[str, ...]:
        """All names, in the order of their registration."""
        return tuple(self._entries)

    def _member(self, name: str) -> tuple[str, str]:
        """The family of a name and the rest of the name; empty if it belongs to none."""
        family, _, member = name.partition(":")
        return (family, member) if family in self._families and member else ("", "")


def _imported(target: str) -> Callable[[str], object]:
    module, _, attribute = target.partition(":")
    return cast(Callable[[str], object], getattr(importlib.import_module(module), attribute))


def _entry(value: str | Entry) -> Entry:
    return value if isinstance(value, Entry) else Entry(value)
