"""Interleaved timing, a description of the machine, and Markdown tables."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch

CLOCKS = {"wall": perf_counter, "cpu": process_time}
DOCS = Path(__file__).parents[1] / "docs" / "benchmarks"


def side_by_side(
    tasks: Mapping[str, Callable[[], object]], repeats: int, clock: str = "wall"
) -> dict[str, list[float]]:
    """Seconds of each task over rounds that run every task once; the first round may be slow."""
    now = CLOCKS[clock]
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            started = now()
            task()
            seconds[name].append(now() - started)
    return seconds


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Median over the rounds of the ratio within each round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def machine(threads: int) -> str:
    """Processor, threads and libraries, on which times depend."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return (
        f"{_processor()}, {os.cpu_count()} cores, {threads} "
        f"thread{'s' if threads > 1 else ''}; Python {platform.python_version()}, "
        f"torch {torch.__version__} ({_torch_blas()}), numpy {np.__version__} "
        f"({blas['name']} {blas['version']})"
    )


def write_table(
    name: str, title: str, notes: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Write ``docs/benchmarks/NAME.md`` and print it."""
    lines = [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]
    text = f"# {title}\n\n{notes}\n\n" + "\n".join(lines) + "\n"
    DOCS.mkdir(parents=True, exist_ok=True)
    (DOCS / f"{name}.md").write_text(text)
    print(text)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _torch_blas() -> str:
    features = torch.__config__.show()
    names = {"MKL": "MKL", "MKLDNN": "oneDNN"}
    return " and ".join(name for key, name in names.items() if f"USE_{key}=ON" in features)
