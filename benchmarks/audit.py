"""Accuracy and speed of an audit of a folder made by ``dirty_folder.py``.

    python benchmarks/dirty_folder.py --dataset fashion_mnist --out DIR
    python benchmarks/audit.py --folder DIR

audits DIR/train with and without the reference set DIR/validation and prints a table.
Takes minutes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from experiments.audit import audit
from experiments.machine import peak_mib
from experiments.training.context import TrialContext

KINDS = {
    "uniform_noise": "label_error",
    "class_dependent_noise": "label_error",
    "far_clustered_anomalies": "foreign_cluster",
    "near_clustered_anomalies": "rare_cluster",
    "brightness_outliers": "corrupted",
    "stripe_outliers": "corrupted",
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--model", default=None, help="as of experiments.audit")
    parser.add_argument("--validation", choices=("with", "without", "both"), default="both")
    options = parser.parse_args()
    around = TrialContext.from_environment()
    context = TrialContext(around.data_root, options.cache or around.cache, threads=options.threads)
    sets = {"with": str(options.folder / "validation"), "without": None}
    chosen = [options.validation] if options.validation != "both" else list(sets)
    rows = [measured(options.folder, name, sets[name], context, options.model) for name in chosen]
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


def measured(
    folder: Path, name: str, validation: str | None, context: TrialContext, model: str | None
) -> dict[str, object]:
    """One audit compared with the truth."""
    started = perf_counter()
    found = audit(folder / "train", reference=validation, context=context, model=model)
    seconds = perf_counter() - started
    table = found.table.sort_values("row").reset_index(drop=True)
    truth = pd.read_csv(folder / "truth.csv", keep_default_na=False).set_index("row")
    glitch = truth["glitch"].reindex(table["row"], fill_value="clean").to_numpy()
    wrong = glitch != "clean"
    flagged = table["flagged"].to_numpy()
    expected = np.array([KINDS.get(kind, "clean") for kind in glitch])
    right = expected == table["kind"].to_numpy()
    hits = int((flagged & wrong).sum())
    row: dict[str, object] = {
        "validation": name,
        "flagged": int(flagged.sum()),
        "precision": hits / max(1, int(flagged.sum())),
        "recall": hits / int(wrong.sum()),
        "average precision": average_precision_score(wrong, table["probability"]),
        "kinds right of found": float(right[flagged & wrong].mean()) if hits else float("nan"),
        "expected false positives": found.summary.false_positives,
        "seconds": seconds,
        "MiB": peak_mib(),
    }
    for kind in np.unique(glitch[wrong]):
        row[f"{kind} found"] = float(flagged[glitch == kind].mean())
    relabelled = truth[truth["action"] == "relabel"]
    proposed = table["expected_label"].reindex(relabelled.index)
    row["labels right"] = float((proposed.to_numpy() == relabelled["new_label"].to_numpy()).mean())
    return row


if __name__ == "__main__":
    main()
