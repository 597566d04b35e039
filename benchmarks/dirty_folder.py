"""A folder of images with injected glitches, and the truth about them.

    python benchmarks/dirty_folder.py --dataset fashion_mnist --out DIR

writes DIR/train (one folder of PNG files per class), DIR/validation (the same, clean) and
DIR/truth.csv: for each glitched file, its glitch and the decision that repairs it, in the format of
``python -m experiments.repair --truth``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from common.dataset import Dataset
from common.seeds import generator
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.training.context import TrialContext
from experiments.trial.split import draw_subset
from glitches.base import Donors
from glitches.contaminated import NO_TRUE_LABEL, Contaminated
from glitches.parse import parse_glitch

GLITCHES = "uniform_noise:0.04+far_clustered_anomalies:0.04+brightness_outliers:0.04"


def main() -> None:
    """Write the folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--glitch", default=GLITCHES)
    parser.add_argument("--ratio", type=float, default=0.1, help="if the glitch names no shares")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--validation-rows", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    counts = options.rows, options.validation_rows
    train, validation = dirty(options.dataset, options.glitch, options.ratio, counts, options.seed)
    write(train, validation, options.out)


def dirty(
    dataset: str, glitch: str, ratio: float, counts: tuple[int, int], seed: int
) -> tuple[Contaminated, Dataset]:
    """Training samples with glitches and clean validation samples; ``counts`` gives the number of
    each before injection."""
    rows, validation_rows = counts
    options = DataOptions(TrialContext.from_environment().data_root)
    source = source_for(dataset, options.data_root)
    whole = source.load(options)
    plan = parse_glitch(glitch)
    drawn = draw_subset(whole, (rows + validation_rows) / len(whole), seed)
    order = generator(seed, "dirty folder").permutation(len(drawn))
    pool, validation = drawn.take(order[validation_rows:]), drawn.take(order[:validation_rows])
    foreign = source.foreign if plan.uses_foreign else None
    donors = Donors(
        foreign=None if foreign is None else source_for(foreign, options.data_root).load(options),
        spare=lambda: whole.take(np.flatnonzero(~np.isin(whole.source_index, drawn.source_index))),
        published=None,
    )
    share = ratio if plan.total is None else plan.total
    return plan.inject(pool, share, generator(seed, "inject"), donors), validation


def write(train: Contaminated, validation: Dataset, out: Path) -> None:
    """Write both sets and the truth about the training set."""
    files = _images(train.data, out / "train")
    _images(validation, out / "validation")
    names = _folders(train.data)
    table = pd.DataFrame({"file": files, "glitch": train.glitch, "label": train.true_label})
    # rows are numbered in the order in which the folder is read: by file
    table = table.sort_values("file", key=lambda column: column.map(lambda f: Path(f).parts))
    table = table.reset_index(drop=True).rename_axis("row").reset_index()
    glitched = table[table["glitch"] != "clean"].copy()
    mend = (glitched["glitch"].str.contains("noise")) & (glitched["label"] != NO_TRUE_LABEL)
    glitched["action"] = np.where(mend, "relabel", "drop")
    glitched["new_label"] = [
        names[label] if mended else ""
        for label, mended in zip(glitched["label"], mend, strict=True)
    ]
    glitched[["row", "file", "glitch", "action", "new_label"]].to_csv(
        out / "truth.csv", index=False
    )


def _folders(data: Dataset) -> list[str]:
    """The folder of each class."""
    return [name.replace("/", "-") for name in data.class_names]


def _images(data: Dataset, folder: Path) -> list[str]:
    files, folders = [], _folders(data)
    for number, (pixels, label) in enumerate(zip(data.x.astype(np.uint8), data.y, strict=True)):
        name = f"{folders[label]}/{number:05}.png"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = pixels.shape[2] == 1
        Image.fromarray(pixels[..., 0] if grey else pixels).save(path)
        files.append(name)
    return files


if __name__ == "__main__":
    main()
