"""An audit of the labels that one person gave to each of some CIFAR-10 images.

    python benchmarks/human_labels.py --labels cifar10n_part.npz --data-root DIR
    python benchmarks/human_labels.py ... --first 10000 --reference 1000
    python benchmarks/human_labels.py ... --first 10000 --wrong 0.03

DIR holds ``cifar10_part.npz`` (images ``x_train``, published labels ``y_train``), and the file of
labels an array ``random_label1`` in the same order (CIFAR-10N, Wei et al. 2022). A label is wrong
where it differs from the published one. The reference set, if one is asked for, consists of the
images that follow, with their published labels. For another share of wrong labels, some of those
that are wrong are replaced by the published ones, or labels of a second person
(``random_label2``) are added to them.

Beside the audit stands cleanlab on the same features: out-of-fold logistic regressions, ranked by
self-confidence and flagged by confident learning. F1 is that of as many samples as there are wrong
labels, and that of the flags.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from common.dataset import Dataset
from experiments.audit.input.data import AuditData
from experiments.audit.model_choice import ModelChoice, choose_model
from experiments.audit.pipeline import run_audit
from experiments.training.context import TrialContext
from experiments.training.prepare import prepare
from influence.diagnosis.config import DEFAULT
from influence.diagnosis.inputs import equally_weighted, principal_components, standardised

IMAGES = "cifar10_part.npz"
CLASSES = 10
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


def main() -> None:
    """Print a row for each method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--reference", type=int, default=0)
    parser.add_argument("--wrong", type=float, default=None)
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--cache", type=Path, default=None)
    options = parser.parse_args()
    around = TrialContext()
    context = TrialContext(options.data_root, options.cache or around.cache)
    images = np.load(options.data_root / IMAGES)
    chosen = slice(options.first, options.first + options.rows)
    following = slice(chosen.stop, chosen.stop + options.reference)
    published = images["y_train"][chosen]
    people = np.load(options.labels)
    first, second = (people[f"random_label{i}"][chosen].astype(np.int64) for i in (1, 2))
    given = first if options.wrong is None else with_share(options.wrong, published, first, second)
    data = dataset("people", images["x_train"][chosen], given)
    reference = None
    if options.reference:
        reference = dataset("published", images["x_train"][following], images["y_train"][following])
    choice = choose_model(data, context, options.model)
    wrong = given != published
    rows = [
        audit(AuditData(data, reference), choice, context, wrong),
        cleanlab(data, choice, context, wrong),
    ]
    print(f"{wrong.sum()} of {len(data)} labels differ from the published ones")
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


def with_share(share: float, published: Rows, first: Rows, second: Rows) -> Rows:
    """Labels of which this share, or as many as there are, is wrong, (n,)."""
    either = np.where(first != published, first, second)
    order = np.random.default_rng(0).permutation(len(published))
    own = first[order] != published[order]
    added = ~own & (second[order] != published[order])
    kept = np.concatenate([order[own], order[added]])[: round(share * len(published))]
    given = published.copy()
    given[kept] = either[kept]
    return given


def dataset(name: str, x: NDArray[np.uint8], labels: Rows) -> Dataset:
    """Images with these labels."""
    return Dataset(name, "image", x, labels, tuple(map(str, range(CLASSES))), np.arange(len(x)))


def audit(
    data: AuditData, choice: ModelChoice, context: TrialContext, wrong: Flags
) -> dict[str, object]:
    """The audit, with the reference set if there is one."""
    started = process_time()
    found = run_audit(data, choice, context)
    seconds = process_time() - started
    diagnosis = found.diagnosis
    return row("audit", diagnosis.probability, diagnosis.flagged, wrong, seconds)


def cleanlab(
    data: Dataset, choice: ModelChoice, context: TrialContext, wrong: Flags
) -> dict[str, object]:
    """cleanlab on the features that the diagnosis sees."""
    started = process_time()
    prepared = prepare(choice, context, data, data.take(np.arange(1)), data)
    stages, _ = prepared.stages()
    last = prepared.model.network.body(prepared.train.x).detach().numpy()
    blocks = [*stages.values(), last]
    scaled = [standardised(block, block, DEFAULT.inputs) for block in blocks]
    features = principal_components(equally_weighted(scaled), DEFAULT.inputs.label_components)
    probabilities = cross_val_predict(
        LogisticRegression(C=DEFAULT.classifiers.inverse_penalty, max_iter=1000),
        features,
        data.y,
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        method="predict_proba",
    )
    quality = get_label_quality_scores(data.y, probabilities)
    flagged = find_label_issues(data.y, probabilities, n_jobs=1)
    return row("cleanlab", -quality, flagged, wrong, process_time() - started)


def row(
    method: str, scores: NDArray[np.float64], flagged: Flags, wrong: Flags, seconds: float
) -> dict[str, object]:
    """How well scores and flags find the wrong labels."""
    first = np.argsort(-scores, kind="stable")[: wrong.sum()]
    n_wrong = max(int(wrong.sum()), 1)
    hits = int((flagged & wrong).sum())
    return {
        "method": method,
        "AP": average_precision_score(wrong, scores) if wrong.any() else float("nan"),
        "F1 of as many": wrong[first].sum() / n_wrong,
        "flagged": int(flagged.sum()),
        "precision": hits / max(int(flagged.sum()), 1),
        "recall": hits / n_wrong,
        "F1 of flags": 2 * hits / max(int(flagged.sum() + wrong.sum()), 1),
        "seconds": seconds,
    }


if __name__ == "__main__":
    main()
