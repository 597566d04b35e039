"""The exact engine against other implementations of last-layer TracIn.

    python benchmarks/engine.py            # side by side: ten minutes, written cell by cell
    python benchmarks/engine.py --sizes    # growing sizes: five minutes

write docs/benchmarks/engine.md and docs/benchmarks/engine_sizes.md. The cell of ResNet-20 on MNIST
needs INFLUENCE_DATA_ROOT; without it the same layers are measured on random inputs. dattri,
kronfluence and TRAK (``traker``) are measured where they are installed, on the CPU.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import psutil
import torch
from engine_cells import (
    Cell,
    first_checkpoint,
    head_record,
    resnet20_cell,
    synthetic_trace,
    trace_of,
)
from engine_report import CLOCKS, machine, median_ratio, side_by_side, write_table
from engine_rivals import OTHER_ESTIMATORS, RIVALS, installed
from torch import nn

from influence.estimators.exact import exact_profile
from influence.profile import Profile
from influence.record import TrainingRecord

FEATURES_GIVEN = [Cell(4_800, 1_200, 64), Cell(4_800, 1_200, 768, epochs=3)]
SIZES = [
    Cell(n, m, d) for n, m in ((4_800, 1_200), (20_000, 4_000), (50_000, 10_000)) for d in (64, 768)
]
WITH_TRACE = "**exact**, the trace given"
FROM_CHECKPOINTS = "**exact**, from checkpoints"
FROM_IMAGES = "**exact**, from images"
HEADINGS = ("the trace given", "from checkpoints", "from images")
RIVALS_ON_IMAGES = ("Captum TracInCPFast, one batch", "Captum TracInCPFast, batches of 128")
MIB = 2**20


def end_to_end(record: TrainingRecord) -> Profile:
    """Forward passes over all checkpoints and the profile: the same work as the others do."""
    trace = record.trace
    labels = trace.train.labels, trace.validation.labels
    return exact_profile(trace_of(record.checkpoints, *labels, trace.learning_rates))


def from_images(frozen: Callable[[], object], record: TrainingRecord) -> Profile:
    """What :func:`end_to_end` does, after computing the outputs of the frozen layers."""
    frozen()
    return end_to_end(record)


def compare(threads: int, repeats: int, clock: str) -> None:
    """Write the table of all implementations; it is rewritten after each cell."""
    resnet = resnet20_cell()
    records = [(resnet.name, resnet.record)]
    records += [(f"linear layer alone, d = {cell.d}", head_record(cell)) for cell in FEATURES_GIVEN]
    rows: list[list[str]] = []
    for name, record in records:
        trace = record.trace
        shape = f"{name}: {len(trace.train):,} × {len(trace.validation):,}, T = {trace.epochs}"
        tasks: dict[str, Callable[[], object]] = {
            WITH_TRACE: partial(exact_profile, trace),
            FROM_CHECKPOINTS: partial(end_to_end, record),
        }
        rivals = {rival: run for rival, run in RIVALS.items() if installed(rival)}
        short = first_checkpoint(record)
        others = {rival: partial(run, short) for rival, run in rivals.items()}
        if record is resnet.record and resnet.whole and resnet.frozen:
            tasks[FROM_IMAGES] = partial(from_images, resnet.frozen, record)
            for rival in RIVALS_ON_IMAGES:
                others[f"{rival}, from images"] = partial(RIVALS[rival], resnet.whole)
        if isinstance(record.checkpoints.network.body, nn.Identity):
            tasks |= {
                f"{name}, last checkpoint": partial(run, record)
                for name, run in OTHER_ESTIMATORS.items()
                if installed(name)
            }
        seconds = side_by_side(tasks | others, repeats, clock)
        for rival in others:
            seconds[rival] = [trace.epochs * value for value in seconds[rival]]
        for task, values in seconds.items():
            ratios = [
                f"{median_ratio(values, seconds[own]):,.3g}" if own in seconds else ""
                for own in (WITH_TRACE, FROM_CHECKPOINTS, FROM_IMAGES)
            ]
            rows.append([shape, task, f"{statistics.median(values):.3g}", *ratios])
        rows += [
            [shape, rival, "not installed", "", "", ""] for rival in RIVALS if rival not in rivals
        ]
        write_table(
            "engine",
            "The engine against other implementations",
            f"Seconds of {clock} time for the influence of the last layer: of training on"
            " validation samples and of each training sample on itself, summed over all"
            " checkpoints. The engine also gives the influence at each epoch, and splits it by"
            " sign and class."
            f" Seconds and ratios are medians of {repeats} interleaved rounds.\n\n"
            "- *The trace given* is the cost of influence in a trial of this suite, which has the"
            " trace from training.\n"
            "- *From checkpoints*, and all others without further mention: the outputs of the"
            " frozen layers are given to all implementations, which run the trained layers over"
            " them at every checkpoint. For the linear layers, these are the inputs.\n"
            "- *From images*: the engine computes the outputs of the frozen layers once. The others"
            " run the whole network at every checkpoint, since they have no notion of frozen"
            " layers.\n\n"
            "The others do the same work at each checkpoint, so they are run at the first one, and"
            " their time is multiplied by the number of checkpoints. They get training samples in"
            " batches as named (one batch is fastest, 128 a usual choice) and validation samples in"
            " one. TracInCPFast ignores the bias. EK-FAC and TRAK estimate something else, from the"
            " last checkpoint alone; their time is not multiplied. Float32,"
            f" {machine(threads)}. Repeat: `python benchmarks/engine.py`.",
            ["cell", "implementation", "seconds", *(f"/ {own}" for own in HEADINGS)],
            rows,
        )


def sizes(threads: int, repeats: int) -> None:
    """Write the table of growing sizes, each measured in its own process."""
    rows = []
    for cell in SIZES:
        own = [sys.executable, __file__, "--threads", str(threads), "--repeats", str(repeats)]
        size = [str(value) for value in (cell.n, cell.m, cell.d)]
        done = subprocess.run(  # noqa: S603  # this very file
            [*own, "--one", *size], check=True, capture_output=True, text=True
        )
        seconds, trace, above = map(float, done.stdout.split())
        gflops = 2 * cell.pairs * (cell.d + cell.classes) / seconds / 1e9
        figures = f"{seconds:.3g}", f"{gflops:,.0f}", f"{trace:,.0f}", f"{above:,.0f}"
        rows.append([f"{cell.n:,} × {cell.m:,}", str(cell.d), *figures])
    write_table(
        "engine_sizes",
        "The engine at growing sizes",
        "Profiles of seven epochs and ten classes; the inputs of the last layer change at every"
        f" epoch. Seconds are the median of {repeats} runs. Gflop/s is the arithmetic of the bare"
        " matrix products divided by the total time. Memory is that of the trace itself, and the"
        " peak in addition to it. Float32,"
        f" {machine(threads)}. Repeat: `python benchmarks/engine.py --sizes`.",
        ["n × m", "d", "seconds", "Gflop/s", "trace, MiB", "additional peak, MiB"],
        rows,
    )


def one(cell: Cell, repeats: int) -> None:
    """Print median seconds, MiB of the trace and MiB of the peak in addition to it."""
    trace = synthetic_trace(cell)
    held = sum(
        side.logits.nbytes + sum(h.nbytes for h in side.inputs)
        for side in (trace.train, trace.validation)
    )
    before = psutil.Process().memory_info().rss
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        exact_profile(trace)
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(statistics.median(seconds), held / MIB, (peak - before) / MIB)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", action="store_true", help="growing sizes instead")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=3, help="rounds; the median is reported")
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="cpu: processor time of all threads, where other work shares the machine",
    )
    parser.add_argument("--one", type=int, nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.one:
        one(Cell(*arguments.one), arguments.repeats)
    elif arguments.sizes:
        sizes(arguments.threads, arguments.repeats)
    else:
        compare(arguments.threads, arguments.repeats, arguments.clock)


if __name__ == "__main__":
    main()
