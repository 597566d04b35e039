"""Values and numbers as text, the same in every table, figure and sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from textwrap import wrap

DIGITS = 2


def plain(value: object) -> str:
    """A field's value as a user would type it.

    >>> plain(0.1), plain(7.0), plain("mnist"), plain(None)
    ('0.1', '7', 'mnist', 'none')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def spread(mean: float, sd: float = math.nan, digits: int = DIGITS) -> str:
    """A mean with its deviation; empty without a mean, bare without a deviation.

    >>> spread(0.8349, 0.021), spread(1.0), spread(math.nan)
    ('0.83 ± 0.02', '1.00', '')
    """
    if math.isnan(mean):
        return ""
    return f"{mean:.{digits}f}" + ("" if math.isnan(sd) else f" ± {sd:.{digits}f}")


def tight(text: str) -> str:
    """Numbers without blanks and leading zeros.

    >>> tight("0.81 ± 0.02"), tight("10.50 ± 0.10")
    ('.81±.02', '10.50±.10')
    """
    return re.sub(r"(?<!\d)0\.", ".", text.replace(" ", ""))


def words(name: str) -> str:
    """A registered name in words.

    >>> words("near_clustered_anomalies")
    'near clustered anomalies'
    """
    return name.replace("_", " ")


_SHARE = re.compile(r"([^+:]+):(\d*\.?\d+)")


def glitch_words(glitch: str) -> str:
    """A glitch in words; of a mixture each part with its share.

    >>> glitch_words("uniform_noise"), glitch_words("far_clustered_anomalies:0.04+noise:0.1")
    ('uniform noise', '4% far clustered anomalies + 10% noise')
    """
    parts = _SHARE.sub(lambda found: f"{100 * float(found[2]):g}% {found[1]}", glitch)
    return words(parts.replace("+", " + ") if parts != glitch else glitch)


def heading(*lines: str, width: int = 34) -> str:
    """Lines above a panel, long ones broken.

    >>> heading("uniform noise 10%", "mnist"), heading("4% a + 3% b", width=8)
    ('uniform noise 10%\\nmnist', '4% a +\\n3% b')
    """
    return "\n".join(part for line in lines for part in wrap(line, width, break_long_words=False))


def percent(ratio: float) -> str:
    """A ratio in print.

    >>> percent(0.1), percent(0.125)
    ('10%', '12.5%')
    """
    return f"{100 * ratio:g}%"


def enumerated(values: Iterable[object]) -> str:
    """Values in a sentence.

    >>> enumerated(["a", "b", "c"]), enumerated(["a"])
    ('a, b and c', 'a')
    """
    texts = list(map(plain, values))
    return " and ".join(part for part in (", ".join(texts[:-1]), *texts[-1:]) if part)
