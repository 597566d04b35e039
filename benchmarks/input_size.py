"""Which input size EfficientNet-Lite0 needs for small images.

    python benchmarks/input_size.py --dataset fashion_mnist --rows 2500 --data-root DIR

prints a line for ResNet-20 and for each input size: processor time of the backbone for 5,000
images, and what out-of-fold logistic regressions on its features reach: accuracy on clean labels,
and average precision (AP) of their self-confidence where one label in ten is wrong; on all stages
and the last layer together, as the diagnosis sees them, and on the last layer alone.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from influence.diagnosis.config import DEFAULT
from influence.diagnosis.inputs import equally_weighted, principal_components, standardised
from models.base import BuildContext, ModelFamily
from models.efficientnet_lite0 import EFFICIENTNET_LITE0
from models.resnet20 import RESNET20

SIZES = (32, 64, 96, 112, 128, 160, 224)
SEED = 1
TIMED = 5_000
Labels = NDArray[np.int64]
Blocks = list[NDArray[np.float32]]


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="fashion_mnist")
    parser.add_argument("--rows", type=int, default=2_500)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--data-root", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = source_for(options.dataset, options.data_root).load(DataOptions(options.data_root))
    rng = np.random.default_rng(SEED)
    drawn = data.take(rng.permutation(len(data))[: options.rows])
    noisy = drawn.y.copy()
    wrong = rng.permutation(options.rows)[: options.rows // 10]
    noisy[wrong] = (noisy[wrong] + rng.integers(1, drawn.n_classes, len(wrong))) % drawn.n_classes
    families: dict[str, ModelFamily] = {"resnet20": RESNET20}
    for size in options.sizes:
        families[f"lite0 at {size}"] = replace(EFFICIENTNET_LITE0, small_side=size)
    context = BuildContext(drawn.x.shape[1:], drawn.n_classes, True, options.data_root)
    for name, family in families.items():
        started = process_time()
        blocks = features(family, context, drawn.x)
        seconds = (process_time() - started) * TIMED / options.rows
        row = {"backbone": name, "seconds": seconds}
        for part, used in (("all", blocks), ("last layer", blocks[-1:])):
            row[f"accuracy, {part}"], row[f"AP, {part}"] = quality(used, drawn.y, noisy)
        print(pd.DataFrame([row]).to_string(index=False, float_format="{:.3f}".format), flush=True)


def features(family: ModelFamily, context: BuildContext, x: NDArray[np.generic]) -> Blocks:
    """The stages and, last, the inputs of the last layer before any training."""
    model = family.build(context)
    assert model.frozen is not None  # noqa: S101  # both are pretrained
    outputs = model.frozen(x)
    with torch.inference_mode():
        last = model.network.eval().body(torch.from_numpy(outputs.features)).numpy()
    return [*outputs.stages.values(), last]


def quality(blocks: Blocks, labels: Labels, noisy: Labels) -> tuple[float, float]:
    """Accuracy on clean labels, and AP of wrong ones by self-confidence."""
    scaled = [standardised(block, block, DEFAULT.inputs) for block in blocks]
    x = principal_components(equally_weighted(scaled), DEFAULT.inputs.label_components)
    clean, dirty = (
        cross_val_predict(
            LogisticRegression(C=100.0, max_iter=100, tol=1e-3),
            x,
            given,
            cv=StratifiedKFold(5, shuffle=True, random_state=0),
            method="predict_proba",
        )
        for given in (labels, noisy)
    )
    confidence = dirty[np.arange(len(noisy)), noisy]
    accuracy = float((clean.argmax(axis=1) == labels).mean())
    return accuracy, float(average_precision_score(noisy != labels, 1.0 - confidence))


if __name__ == "__main__":
    main()
