"""The scores of one trial as a small table."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from experiments import schema

_HEADINGS = {
    schema.F1: "F1",
    schema.AVERAGE_PRECISION: "average precision",
    schema.ROC_AUC: "ROC AUC",
}


def print_scores(console: Console, name: str, metrics: Mapping[str, float]) -> None:
    """A row for each signal, the best score of each column in bold; then accuracy and time.

    Args:
        console: where to print.
        name: of the trial.
        metrics: final metrics by their MLflow names.
    """
    scores = _by_signal(metrics)
    if scores:
        table = Table("signal", title=name, title_justify="left")
        for heading in _HEADINGS.values():
            table.add_column(heading, justify="right")
        best = {kind: max(of_signal[kind] for of_signal in scores.values()) for kind in _HEADINGS}
        for signal, of_signal in scores.items():
            cells = [_cell(of_signal[kind], best[kind]) for kind in _HEADINGS]
            table.add_row(signal, *cells)
        console.print(table)
    else:
        console.print(f"{name}: no glitches, nothing to score", markup=False)
    parts = schema.members(metrics, schema.ACCURACY)
    if parts:
        console.print("accuracy: " + ", ".join(f"{part} {v:.3f}" for part, v in parts.items()))
    steps = schema.members(metrics, schema.SECONDS)
    if steps:
        console.print("seconds: " + ", ".join(f"{step} {v:.2f}" for step, v in steps.items()))


def _by_signal(metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
    columns = {kind: schema.members(metrics, kind) for kind in _HEADINGS}
    return {
        signal: {kind: column[signal] for kind, column in columns.items()}
        for signal in columns[schema.F1]
    }


def _cell(value: float, best: float) -> str:
    text = f"{value:.3f}"
    return f"[bold]{text}[/bold]" if value == best else text
