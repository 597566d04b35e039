"""The curves of one trial by epoch, as a picture for the MLflow UI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments import schema
from experiments.trial.result import TrialResult
from influence.signals import PAPER
from influence.signals.display import ordered, style_of

if TYPE_CHECKING:  # an audit stores runs without curves
    from matplotlib.axes import Axes

_PARTS: Final = {"train": "-", "validation": "--", "glitched": ":"}
_CROWD: Final = 8
_MARGINS: Final = {"left": 0.05, "right": 0.99, "bottom": 0.15, "top": 0.9, "wspace": 0.05}


def write_curves(result: TrialResult, path: Path) -> None:
    """F1 by epoch of each signal, and accuracy by part of the data."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    figure = Figure(figsize=(8, 3))
    figure.subplots_adjust(**_MARGINS)  # fitting them to the text would take half of the time
    f1, accuracy = figure.subplots(1, 2, sharey=True)
    curves = schema.members(result.epoch_metrics, schema.EPOCH_F1)
    signals = ordered(curves)
    named = signals if len(signals) <= _CROWD else [s for s in signals if s in PAPER]
    for signal in signals:
        style = style_of(signal)
        if signal in named:
            _line(f1, curves[signal], color=style.colour, marker=style.marker, label=style.short)
        else:
            _line(f1, curves[signal], color="0.85", zorder=1)
    parts = schema.members(result.epoch_metrics, schema.ACCURACY)
    for part, dashes in _PARTS.items():
        if part in parts:
            _line(accuracy, parts[part], linestyle=dashes, color="0.2", label=part)
    f1.set_title("F1 of each epoch alone")
    accuracy.set_title("accuracy")
    for axes in (f1, accuracy):
        axes.set_xlabel("epoch")
        axes.set_ylim(-0.03, 1.05)
        axes.grid(color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.get_major_locator().set_params(integer=True)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=110)


def _line(axes: Axes, values: list[float], **style: Any) -> None:
    axes.plot(range(1, len(values) + 1), values, **style)
