"""How a signal is drawn wherever it appears: one colour, marker and hatch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from influence.signals import SIGNALS

# Okabe and Ito's palette without black and yellow, then Tol's "muted" palette: distinguishable
# under the common colour vision deficiencies, and readable on white and on dark backgrounds.
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
_PLACES: Final = {name: place for place, name in enumerate(SIGNALS)}


@dataclass(frozen=True)
class SignalStyle:
    """How one signal is drawn.

    Attributes:
        short: its abbreviation, for tables and legends.
        colour: ``#rrggbb``.
        marker, hatch: of matplotlib, so that a print without colour still shows which is which.
    """

    short: str
    colour: str
    marker: str
    hatch: str


def style_of(signal: str) -> SignalStyle:
    """The style of a signal. It depends on the registry alone, never on what else is drawn.

    >>> style_of("self_influence").short, style_of("my_new_signal").short
    ('SI', 'my new signal')
    """
    # a signal that is not registered gets a fixed place after all others
    place = _PLACES.get(signal, len(_PLACES) + sum(signal.encode()))
    return SignalStyle(
        SIGNALS.short(signal),
        _COLOURS[place % len(_COLOURS)],
        _MARKERS[place % len(_MARKERS)],
        _HATCHES[place % len(_HATCHES)],
    )


def ordered(signals: Iterable[str]) -> list[str]:
    """The signals in registry order, followed by unregistered ones sorted by name.

    >>> ordered(["zeta", "gd_class", "self_influence", "alpha"])
    ['self_influence', 'gd_class', 'alpha', 'zeta']
    """
    return sorted(set(signals), key=lambda name: (_PLACES.get(name, len(_PLACES)), name))
