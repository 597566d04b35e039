"""Training with a trace compared with plain PyTorch loops.

    python benchmarks/training.py --threads 1

writes docs/benchmarks/training.md. The plain loops train the same network on the same tensors and
evaluate both sets once per epoch, one on tensors in memory, one through a ``DataLoader``. Inputs
are random, since times do not depend on them. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from engine_report import CLOCKS, machine, median_ratio, side_by_side, write_table
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from models import MODELS
from models.base import BuildContext, Network, TrainingSettings
from models.resnet20 import ResNet20
from models.training import LabelledInputs, fit


@dataclass(frozen=True)
class Cell:
    """A network and the sizes of its data."""

    name: str
    make: Callable[[], Network]
    input_shape: tuple[int, ...]
    n: int
    m: int
    settings: TrainingSettings
    n_classes: int = 10

    def inputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        torch.manual_seed(0)
        x, x_validation = (torch.rand(count, *self.input_shape) for count in (self.n, self.m))
        y, y_validation = (torch.randint(self.n_classes, (count,)) for count in (self.n, self.m))
        return x, y, x_validation, y_validation


def last_block() -> Network:
    resnet = ResNet20()
    return Network(nn.Sequential(resnet.layer3[-1], resnet.pool), nn.Linear(64, 10))


def registered(model: str, *shape: int, n_classes: int = 10) -> Network:
    return MODELS[model].build(BuildContext(shape, n_classes, pretrained=False)).network


CELLS = [
    Cell(
        "ResNet-20, last block and classifier (MNIST, Fashion-MNIST)",
        last_block,
        (64, 8, 8),
        4_800,
        1_200,
        TrainingSettings(2, 128, 0.1),
    ),
    Cell(
        "classifier on 768 frozen features (ConvNeXt-Tiny, ViT-B/16)",
        lambda: Network(nn.Identity(), nn.Linear(768, 10)),
        (768,),
        4_800,
        1_200,
        TrainingSettings(4, 128, 0.1),
    ),
    Cell(
        "ResNet-20 from scratch (digits)",
        partial(registered, "resnet20", 8, 8, 1),
        (3, 8, 8),
        1_437,
        360,
        TrainingSettings(2, 64, 0.1),
    ),
    Cell(
        "MLP from scratch (Forest Cover)",
        partial(registered, "mlp", 54, n_classes=7),
        (54,),
        46_481,
        11_621,
        TrainingSettings(1, 64, 0.1),
        n_classes=7,
    ),
    Cell(
        "MLP from scratch (digits as a table)",
        partial(registered, "mlp", 64),
        (64,),
        1_437,
        360,
        TrainingSettings(10, 16, 0.1),
    ),
]


def traced(cell: Cell, data: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    """Training as in a trial."""
    x, y, x_validation, y_validation = data
    validation = LabelledInputs(x_validation, y_validation.numpy())
    fit(cell.make(), LabelledInputs(x, y.numpy()), validation, cell.settings, seed=0)


def in_memory(x: Tensor, y: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    for batch in torch.split(torch.randperm(len(x)), batch_size):
        yield x[batch], y[batch]


def through_loader(x: Tensor, y: Tensor, batch_size: int) -> Iterable[tuple[Tensor, Tensor]]:
    return DataLoader(TensorDataset(x, y), batch_size, shuffle=True)


def plain(
    batches: Callable[[Tensor, Tensor, int], Iterable[tuple[Tensor, Tensor]]],
    cell: Cell,
    data: tuple[Tensor, Tensor, Tensor, Tensor],
) -> None:
    """The usual loop: train, then evaluate the accuracy of both sets, recording nothing."""
    x, y, x_validation, y_validation = data
    network, settings = cell.make(), cell.settings
    optimizer = torch.optim.SGD(network.parameters(), lr=settings.learning_rate)
    for _ in range(settings.epochs):
        network.train()
        for inputs, labels in batches(x, y, settings.batch_size):
            optimizer.zero_grad()
            loss = cross_entropy(network(inputs), labels)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
        network.eval()
        with torch.no_grad():
            for part, labels in ((x, y), (x_validation, y_validation)):
                logits = torch.cat(
                    [network(chunk) for chunk in torch.split(part, settings.batch_size)]
                )
                (logits.argmax(dim=1) == labels).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = []
    for cell in CELLS:
        data = cell.inputs()
        tasks = {
            "traced": partial(traced, cell, data),
            "in memory": partial(plain, in_memory, cell, data),
            "loader": partial(plain, through_loader, cell, data),
        }
        seconds = side_by_side(tasks, arguments.repeats, arguments.clock)
        epochs = cell.settings.epochs
        rows.append(
            (
                cell.name,
                f"{cell.n:,} + {cell.m:,}, T = {epochs}, batch {cell.settings.batch_size}",
                *(f"{statistics.median(seconds[name]):.2f}" for name in tasks),
                f"**{median_ratio(seconds['traced'], seconds['in memory']):.2f}**",
                f"{median_ratio(seconds['traced'], seconds['loader']):.2f}",
            )
        )
    write_table(
        "training",
        "Training with a trace",
        "Seconds of training with the trace that influence needs (at each epoch, a checkpoint and "
        "the last-layer inputs and outputs of all samples), compared with plain PyTorch loops that "
        f"evaluate accuracy and record nothing. Medians of {arguments.repeats} rounds, "
        f"{arguments.clock} time; ratios within a round. {machine(arguments.threads)}.\n\n"
        "`python benchmarks/training.py`",
        ("network", "samples", "with trace", "plain", "`DataLoader`", "/ plain", "/ `DataLoader`"),
        rows,
    )


if __name__ == "__main__":
    main()
