"""The figure of influence against retraining."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.plotting.drawing import panels
from analysis.rendering.text import display_name, words

KEYS: Final = ["dataset", "model", "glitch"]
#: The measures that have one value per sample.
BY_SAMPLE: Final = ("lds", "loo_validation", "loo_train")
_COLOURS: Final = ("#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#009E73", "#CC79A7")
_LINES: Final = ("-", "--", "-.", ":")


def distributions(values: pd.DataFrame) -> Figure:
    """Cumulative distributions over samples of the rank correlation with retraining: one row per
    cell, one column per measure."""
    cells = sorted(set(values[KEYS].itertuples(index=False, name=None)))
    estimators = list(dict.fromkeys(values["estimator"]))
    figure, axes = panels(len(cells), len(BY_SAMPLE), sharex="all")
    for line, cell in zip(axes, cells, strict=True):
        here = values[(values[KEYS] == list(cell)).all(axis=1)]
        for panel, measure in zip(line, BY_SAMPLE, strict=True):
            for number, name in enumerate(estimators):
                chosen = here["value"][(here["measure"] == measure) & (here["estimator"] == name)]
                panel.ecdf(
                    chosen.dropna(),
                    label=words(name) if panel is axes[0, 0] else None,
                    color=_COLOURS[number % len(_COLOURS)],
                    linestyle=_LINES[number % len(_LINES)],
                )
            panel.set_xlim(-1, 1)
        line[0].set_ylabel("\n".join(map(display_name, KEYS, cell)))
    for top, bottom, measure in zip(axes[0], axes[-1], BY_SAMPLE, strict=True):
        top.set_title(measure)
        bottom.set_xlabel("rank correlation")
        bottom.set_xticks(np.linspace(-1, 1, 5))
    figure.legend(loc="outside upper center", ncols=len(estimators))
    return figure
