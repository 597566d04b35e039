"""Errors that a user can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Bad input or a missing resource, in one line that names the value and what is allowed.

    Command lines print it without a traceback and exit with status 2.
    """


class MachineError(Exception):
    """The machine, its disk or a service has failed, in one line; the input may be good.

    Command lines print it without a traceback and exit with status 1.
    """


def unknown_name(kind: str, name: object, allowed: Iterable[str]) -> UserError:
    """The error for an unknown name, with the nearest known one.

    >>> print(unknown_name("glitch", "unifrom_noise", ["none", "uniform_noise"]))
    unknown glitch 'unifrom_noise' (did you mean 'uniform_noise'?); allowed: none, uniform_noise
    """
    known = sorted(allowed)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return UserError(f"unknown {kind} {name!r}{hint}; allowed: {', '.join(known)}")
