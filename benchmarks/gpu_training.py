"""A step of SGD captured as a CUDA graph, compared with single operations; needs a GPU.

    python benchmarks/gpu_training.py

writes docs/benchmarks/gpu_training.md. Networks and sizes are those of the paper; inputs are
random, since times do not depend on them.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import torch
from engine_report import machine, write_table
from torch import Tensor

from models import MODELS
from models.base import BuildContext, Network
from models.sgd import CapturedStep, EagerStep, Step

ROUNDS = 5
STEPS = 50
WARM_UP = 5


@dataclass(frozen=True)
class Cell:
    """A model and the shape of its data."""

    data: str
    model: str
    n: int
    columns: int
    classes: int
    batch: int

    def network(self) -> Network:
        torch.manual_seed(0)
        context = BuildContext((self.columns,), self.classes, pretrained=False)
        return MODELS[self.model].build(context).network.cuda().train()

    def samples(self) -> tuple[Tensor, Tensor]:
        count = self.batch * STEPS
        x = torch.randn(count, self.columns, device="cuda")
        return x, torch.randint(self.classes, (count,), device="cuda")

    @property
    def steps(self) -> int:
        """Of ten epochs."""
        return 10 * -(-self.n // self.batch)


CELLS = [
    Cell("Jannis", "ft_transformer", 6_698, 54, 4, 32),
    Cell("Forest Cover", "ft_transformer", 46_481, 54, 7, 32),
    Cell("Epsilon", "ft_transformer", 40_000, 2_000, 2, 32),
    Cell("Forest Cover", "mlp", 46_481, 54, 7, 64),
    Cell("Forest Cover", "tabular_resnet", 46_481, 54, 7, 64),
]


def milliseconds(step: Step, batches: Sequence[Tensor]) -> float:
    """Of one step, over all batches."""
    torch.cuda.synchronize()
    started = perf_counter()
    for batch in batches:
        step(batch)
    torch.cuda.synchronize()
    return (perf_counter() - started) / len(batches) * 1e3


def measure(cell: Cell) -> list[str]:
    x, labels = cell.samples()
    batches = torch.randperm(len(x), device="cuda").tensor_split(STEPS)
    eager = EagerStep(cell.network(), x, labels, 0.01)
    steps: dict[str, Step] = {
        "eager": eager,
        "captured": CapturedStep(EagerStep(cell.network(), x, labels, 0.01)),
    }
    for step in steps.values():
        milliseconds(step, batches[:WARM_UP])
    torch.set_float32_matmul_precision("high")
    steps["tf32"] = CapturedStep(EagerStep(cell.network(), x, labels, 0.01))
    milliseconds(steps["tf32"], batches[:WARM_UP])  # the graph keeps the precision of its capture
    torch.set_float32_matmul_precision("highest")
    rounds = [{k: milliseconds(s, batches) for k, s in steps.items()} for _ in range(ROUNDS)]
    times = {name: statistics.median(each[name] for each in rounds) for name in steps}
    ratio = statistics.median(each["eager"] / each["captured"] for each in rounds)
    return [
        cell.data,
        cell.model,
        f"{cell.n:,} × {cell.columns:,}",
        str(cell.batch),
        *(f"{times[name]:.2f}" for name in ("eager", "captured")),
        f"**{ratio:.1f}**",
        f"{times['tf32']:.2f}",
        f"{times['captured'] * cell.steps / 1e3:.0f}",
    ]


def main() -> None:
    card = torch.cuda.get_device_name()
    write_table(
        "gpu_training",
        "Training on a GPU",
        "Milliseconds of a step of SGD, operation by operation and captured as a CUDA graph, in "
        f"float32 and with TF32, medians of {ROUNDS} interleaved rounds of {STEPS} steps; and the "
        f"seconds of ten epochs of captured steps. {card}; {machine(torch.get_num_threads())}. "
        "Repeat: `python benchmarks/gpu_training.py`.",
        [
            *("data", "model", "samples", "batch", "operations", "captured", "ratio"),
            *("captured, TF32", "10 epochs, s"),
        ],
        [measure(cell) for cell in CELLS],
    )


if __name__ == "__main__":
    main()
