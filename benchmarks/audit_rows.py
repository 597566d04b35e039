"""Time and memory of an audit of a large table.

    python benchmarks/audit_rows.py
    python benchmarks/audit_rows.py --validation

makes a table of 100,000 rows and 50 columns (five of them categorical) with five classes and 5 %
wrong labels, and audits it as ``python -m experiments.audit`` does, including the output files,
with 4,000 clean rows as reference set or without a reference set.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification

from experiments.audit import audit
from experiments.machine import peak_mib
from experiments.training.context import TrialContext

CLASSES = 5
CATEGORICAL = 5
CATEGORIES = 8
WRONG = 0.05
VALIDATION = 4_000


def main() -> None:
    """Audit the table and print time, memory and accuracy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--validation", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    context = TrialContext(threads=options.threads)
    with TemporaryDirectory(prefix="influence-") as folder:
        train, validation = Path(folder) / "train.parquet", Path(folder) / "validation.parquet"
        wrong = made(options.rows, options.columns, train, validation)
        started, worked = perf_counter(), process_time()
        found = audit(train, reference=validation if options.validation else None, context=context)
        found.save(Path(folder) / "audit")
        seconds, worked = perf_counter() - started, process_time() - worked
        table = found.table.sort_values("row")
    hits = int((table["flagged"].to_numpy() & wrong).sum())
    flagged = int(table["flagged"].sum())
    print(
        f"{options.rows} x {options.columns}, {'with' if options.validation else 'without'} "
        f"validation: {seconds:.0f} s, {worked:.0f} s of processor time, {peak_mib():.0f} MiB; "
        f"of {wrong.sum()} wrong labels {hits} among {flagged} flagged; "
        f"validation accuracy {found.summary.accuracy:.3f}"
    )
    steps = {k: v for k, v in found.metrics.items() if k.startswith("seconds/")}
    print(", ".join(f"{step.removeprefix('seconds/')} {s:.0f} s" for step, s in steps.items()))


def made(rows: int, columns: int, train: Path, validation: Path) -> np.ndarray:
    """Write both tables; returns which rows of the first have a wrong label."""
    x, y = make_classification(
        rows + VALIDATION,
        columns,
        n_informative=columns // 2,
        n_redundant=columns // 5,
        n_classes=CLASSES,
        n_clusters_per_class=2,
        class_sep=2.0,
        flip_y=0.0,
        random_state=0,
    )
    frame = pd.DataFrame(x.astype(np.float32), columns=[f"x{i}" for i in range(columns)])
    for name in frame.columns[:CATEGORICAL]:
        frame[name] = "c" + pd.qcut(frame[name], CATEGORIES, labels=False).astype(str)
    rng = np.random.default_rng(0)
    wrong = np.zeros(rows, dtype=bool)
    wrong[rng.choice(rows, int(WRONG * rows), replace=False)] = True
    given = y.copy()
    given[:rows][wrong] = (y[:rows][wrong] + rng.integers(1, CLASSES, wrong.sum())) % CLASSES
    frame["label"] = np.array([f"class {c}" for c in range(CLASSES)])[given]
    frame.iloc[:rows].to_parquet(train, index=False)
    frame.iloc[rows:].to_parquet(validation, index=False)
    return wrong


if __name__ == "__main__":
    main()
