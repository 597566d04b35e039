"""The first hundred suspicions in MNIST or Fashion-MNIST as they are published, on one sheet.

    python benchmarks/suspicion_sheet.py --dataset mnist

audits the 60,000 training images with published test images as validation (of 10,000 the audit
takes 4,000), and writes docs/images/suspicions_DATASET.png and their table beside it. Needs a data
root (INFLUENCE_DATA_ROOT) with the dataset and the ResNet-20 weights. Ten minutes of one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import pandas as pd
from PIL import Image

from experiments.audit.data import AuditData, fitting
from experiments.audit.examination import Choices, examine
from experiments.audit.page import sentences
from experiments.audit.recipe import recipe_for
from experiments.audit.suspicions import suspicions
from experiments.contact_sheet import Tile, contact_sheet
from experiments.context import TrialContext
from experiments.datasets.base import DataOptions
from experiments.datasets.resolve import source_for
from experiments.datasets.torchvision_images import TEST_PARTS
from experiments.evaluate import peak_rss_mib
from influence.diagnosis import diagnose

SHOWN = 100
COLUMNS = 10
COLOURS = 32
IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main() -> None:
    """Audit, draw, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", choices=TEST_PARTS, required=True)
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    around = TrialContext()
    context = TrialContext(around.data_root, around.cache, threads=options.threads)
    started = perf_counter()
    read = DataOptions(context.data_root)
    train = source_for(options.dataset).load(read)
    validation, copies, notes = fitting(train, TEST_PARTS[options.dataset].load(read))
    data = AuditData(train, validation, (), copies, tuple(notes))
    found = examine(data, recipe_for(train, context), context, diagnose, Choices(explained=0))
    seconds = perf_counter() - started
    first = suspicions(found).head(SHOWN)
    name = f"suspicions_{options.dataset}"
    sheet(first, data).save(options.out / f"{name}.png", optimize=True)
    first.round(6).to_csv(options.out / f"{name}.csv", index=False)
    print("\n".join([*notes, *sentences(found)]))
    print(f"{seconds:.0f} s, {peak_rss_mib():.0f} MiB")


def sheet(first: pd.DataFrame, data: AuditData) -> Image.Image:
    """The suspicions in reading order, each with its row, its label and the expected one."""
    tiles = [
        Tile(
            data.train.x[one.row],
            (
                f"{number}: {one.label}",
                f"{'?' if pd.isna(one.expected_label) else one.expected_label} expected",
            ),
            False,
        )
        for number, one in enumerate(first.itertuples(), start=1)
    ]
    return contact_sheet(tiles, COLUMNS).quantize(COLOURS)


if __name__ == "__main__":
    main()
