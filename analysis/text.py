"""Values and numbers as text, the same in every table, figure and sentence."""

from __future__ import annotations

import math

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


def words(name: str) -> str:
    """A registered name in words.

    >>> words("near_clustered_anomalies")
    'near clustered anomalies'
    """
    return name.replace("_", " ")
