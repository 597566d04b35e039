"""The hundred most suspicious samples of the published MNIST or Fashion-MNIST, on one sheet.

    python benchmarks/suspicion_sheet.py --dataset mnist

holds out 4,000 of the 60,000 training images as reference set, audits the others, and writes
docs/images/suspicions_DATASET.png and a table with the same name. With --validation test, published
test images are the reference set instead. Needs a data root (INFLUENCE_DATA_ROOT) with the dataset
and the ResNet-20 weights. Takes five minutes on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd
from PIL import Image

from common.dataset import Dataset
from experiments.audit.aggregate import aggregate
from experiments.audit.fold import Fold, run_fold
from experiments.audit.input.data import aligned_validation
from experiments.audit.model_choice import choose_model
from experiments.audit.output.suspicions import diagnosis_table
from experiments.audit.parts import stratified_parts
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.datasets.torchvision_images import TEST_PARTS
from experiments.machine import peak_mib
from experiments.tracking.artifacts.contact_sheet import Tile, contact_sheet
from experiments.training.context import TrialContext
from experiments.training.prepare import embed
from influence.diagnosis.base import Diagnosis
from influence.diagnosis.diagnose import diagnose

MODEL = "resnet20"
SEED = 0
SHOWN = 100
COLUMNS = 10
COLOURS = 32
IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main() -> None:
    """Audit, draw the sheet, and print a summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", choices=TEST_PARTS, required=True)
    parser.add_argument("--validation", choices=("held", "test"), default="held")
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    context = TrialContext.from_environment(threads=options.threads)
    started = perf_counter()
    read = DataOptions(context.data_root)
    whole = source_for(options.dataset, context.data_root).load(read)
    held = next(stratified_parts(whole.y, 1, SEED))
    train, validation = whole.take(np.setdiff1d(np.arange(len(whole)), held)), whole.take(held)
    if options.validation == "test":
        train = whole
        validation = aligned_validation(whole, TEST_PARTS[options.dataset].load(read)).data
        validation = validation.take(next(stratified_parts(validation.y, 1, SEED)))
    table = diagnosis_table(train, diagnosed(train, validation, context))
    table = table.sort_values(["flagged", "probability"], ascending=False, kind="stable")
    first = table.head(SHOWN)
    name = f"suspicions_{options.dataset}"
    options.out.mkdir(parents=True, exist_ok=True)
    sheet(first, train).save(options.out / f"{name}.png", optimize=True)
    first = first.assign(row=train.source_index[first["row"]])
    first.round(6).to_csv(options.out / f"{name}.csv", index=False)
    print(f"{len(train)} audited, {len(validation)} validated with")
    print(table[table["flagged"]]["kind"].value_counts().to_string())
    print(f"{perf_counter() - started:.0f} s, {process_time():.0f} s of processor time")
    print(f"{peak_mib():.0f} MiB")


def diagnosed(train: Dataset, validation: Dataset, context: TrialContext) -> Diagnosis:
    """The diagnosis of an audit, without explanations and chance estimates."""
    choice = choose_model(train, context, MODEL, SEED)
    parts = embed(choice, context, train, validation)
    fold = Fold.whole(parts[0], parts[1])
    result = run_fold(fold, choice, context, diagnose)
    return aggregate([result], len(train), train.n_classes)


def sheet(first: pd.DataFrame, train: Dataset) -> Image.Image:
    """The samples in reading order, each with its rank, its label and the expected label."""
    expected = first["expected_label"].fillna("?")
    columns = zip(first["row"], first["label"], expected, strict=True)
    tiles = [
        Tile(train.x[int(row)], (f"{number}: {label}", f"{wanted} expected"), False)
        for number, (row, label, wanted) in enumerate(columns, start=1)
    ]
    return contact_sheet(tiles, COLUMNS).quantize(COLOURS)


if __name__ == "__main__":
    main()
