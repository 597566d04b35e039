"""Names and numbers as readers see them: the same in every table, figure and sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from textwrap import wrap

from analysis.reading.frames import field_text
from experiments.datasets import DATASETS
from glitches import GLITCHES
from influence.signals import SIGNALS
from models import MODELS

DIGITS = 2


def spread(mean: float, sd: float = math.nan) -> str:
    """A mean with its standard deviation; empty without a mean.

    >>> spread(0.8349, 0.021), spread(1.0), spread(math.nan)
    ('0.83 ± 0.02', '1.00', '')
    """
    if math.isnan(mean):
        return ""
    return f"{mean:.{DIGITS}f}" + ("" if math.isnan(sd) else f" ± {sd:.{DIGITS}f}")


def tight(text: str) -> str:
    """Numbers without spaces and leading zeros.

    >>> tight("0.81 ± 0.02"), tight("10.50 ± 0.10")
    ('.81±.02', '10.50±.10')
    """
    return re.sub(r"(?<!\d)0\.", ".", text.replace(" ", ""))


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "seed"), count(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{number} {noun}" + "s" * (number != 1)


def percent(ratio: float) -> str:
    """A ratio in percent.

    >>> percent(0.1), percent(0.125)
    ('10%', '12.5%')
    """
    return f"{100 * ratio:g}%"


def enumerated(texts: Iterable[str]) -> str:
    """Texts as an enumeration in a sentence.

    >>> enumerated(["a", "b", "c"]), enumerated(["a"])
    ('a, b and c', 'a')
    """
    *most, last = [*texts] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def words(name: str) -> str:
    """A registered name in words.

    >>> words("my_new_signal")
    'my new signal'
    """
    return name.replace("_", " ")


_PART_OF_MIXTURE = re.compile(r"([^+:]+):(\d*\.?\d+)")


def glitch_name(glitch: str) -> str:
    """The title of a glitch with its options; of a mixture, each part with its ratio.

    >>> glitch_name("stripe_outliers"), glitch_name("blur_outliers:0.04+my_glitch:0.1")
    ('stripe outliers', '4% blur outliers + 10% my glitch')
    """
    if not (parts := _PART_OF_MIXTURE.findall(glitch)):
        name, parenthesis, options = glitch.partition("(")
        return f"{GLITCHES.title(name)}{parenthesis}{words(options)}"
    return " + ".join(f"{100 * float(ratio):g}% {glitch_name(name)}" for name, ratio in parts)


def display_name(field: str, value: object) -> str:
    """The value of a spec field (or of ``signal``) as readers see it.

    >>> display_name("ratio", 0.1), display_name("signal", "self_influence")
    ('10%', 'SI')
    >>> display_name("model", "ft_transformer"), display_name("dataset", "./my_data.csv")
    ('FT-Transformer', './my_data.csv')
    """
    if field == "ratio" and isinstance(value, float):
        return percent(value)
    text = field_text(value)
    names: dict[str, Callable[[str], str]] = {
        "dataset": lambda name: DATASETS.title(name) if name in DATASETS else name,
        "model": MODELS.title,
        "glitch": glitch_name,
        "signal": SIGNALS.short,
    }
    return names[field](text) if field in names else text


def setting_name(dataset: str, model: str, separator: str = ", ") -> str:
    """A dataset and a model on one line."""
    return f"{display_name('dataset', dataset)}{separator}{display_name('model', model)}"


def panel_title(*lines: str, width: int = 34) -> str:
    """Lines above a panel, with long ones broken.

    >>> panel_title("stripe outliers 10%", "mnist"), panel_title("4% a + 3% b", width=8)
    ('stripe outliers 10%\\nmnist', '4% a +\\n3% b')
    """
    return "\n".join(part for line in lines for part in wrap(line, width, break_long_words=False))
