"""How a signal looks wherever it is drawn or listed: one colour, marker, hatch and short name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from influence.signals import SIGNALS

# Okabe and Ito's palette without black and yellow, then Tol's "muted" for the rest: told apart
# under the common colour deficiencies, and readable on white and on dark ground.
_COLOURS: Final = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#AA4499",
    "#999933",
    "#6E5FB8",
    "#7F7F7F",
)
_MARKERS: Final = "osD^vPX*<>hp"
_HATCHES: Final = ("", "///", "...", "\\\\\\", "xxx", "---", "+++")
_SHORT: Final = {
    "self_influence": "SI",
    "marginal_influence": "MI",
    "negated_marginal_influence": "−MI",
    "average_absolute_influence": "AAI",
    "gd_class": "GD-class",
    "cnci": "CNCI",
    "pcid": "PCID",
    "cfrank": "CFRank",
    "aum": "AUM",
    "el2n": "EL2N",
    "grand": "GraNd",
}


@dataclass(frozen=True)
class Look:
    """How one signal is drawn.

    Attributes:
        short: abbreviation for tables and legends.
        colour: ``#rrggbb``.
        marker, hatch: of matplotlib, so that print without colour still tells signals apart.
    """

    short: str
    colour: str
    marker: str
    hatch: str


def look(signal: str) -> Look:
    """The look of a signal; it depends on the registry alone, never on what else is drawn.

    >>> look("self_influence").short, look("my_new_signal").short
    ('SI', 'my new signal')
    """
    place = SIGNALS.names().index(signal) if signal in SIGNALS else _place(signal)
    return Look(
        _SHORT.get(signal, signal.replace("_", " ")),
        _COLOURS[place % len(_COLOURS)],
        _MARKERS[place % len(_MARKERS)],
        _HATCHES[place % len(_HATCHES)],
    )


def _place(signal: str) -> int:
    """A fixed place for a signal that no registry orders."""
    return len(SIGNALS) + sum(signal.encode())


def ordered(signals: Iterable[str]) -> list[str]:
    """Signals in the order of the registry; those it does not hold follow by name.

    >>> ordered(["zeta", "gd_class", "self_influence", "alpha"])
    ['self_influence', 'gd_class', 'alpha', 'zeta']
    """
    known = {name: place for place, name in enumerate(SIGNALS.names())}
    return sorted(set(signals), key=lambda name: (known.get(name, len(known)), name))
