"""The tables of ``repair.py``: recovered accuracy, and which repair assigns the true labels."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from engine_report import write_table

WORTH_REPAIRING = 0.01
"""Accuracy that glitches must cost before the recovered share is reported."""
DATA = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10_part.npz": "CIFAR-10 part"}
MODELS = {"resnet20": "ResNet-20", "small_convnet": "small ConvNet"}
GLITCHES = {
    "uniform_noise": "uniform noise",
    "class_dependent_noise": "class-dependent noise",
    "mixture": "mixture",
}
REPAIRS = tuple(
    f"{name} {what}"
    for name in ("fused", "CNCI", "cleanlab")
    for what in ("named", "given", "spoilt")
)
SETS = ("dirty", "randomly repaired", "repaired", "clean")
NOTES = (
    "What glitches cost, and how much of it a repair by the audit's own proposal recovers. The "
    "table shows the accuracy, in %, after training on the dirty set, on one with the same "
    "number of random decisions, on the repaired set, and on the clean set (true labels "
    "restored, everything else that was injected removed), ± the standard deviation over seeds "
    "if there are several. Each seed is another draw, injection and training. The audit uses "
    "ResNet-20 and the clean validation samples of the trial as reference set (1,200; CIFAR-10: "
    "1,000). Accuracy is measured on 4,000 images of the dataset that neither the trial nor the "
    "audit used; for CIFAR-10 these are test images, since the published weights were trained "
    "on the others. *Recovered* is (repaired − dirty) / (clean − dirty) of the mean accuracies, "
    "where the glitches cost more than one point. Class-dependent noise affects the given share "
    "of one class. The mixture is 4 % uniform noise, 4 % far-clustered anomalies, 3 % stripes "
    "and 3 % brightness.\n\n"
    "`python benchmarks/repair.py`, then `python benchmarks/repair.py --report`"
)
LABEL_NOTES = (
    "For the trials of [the repair](repair.md), in %: the share of wrong labels whose true "
    "label is *named*; the share to which it is *assigned*; and the share of right labels that "
    "are *corrupted*. `fused` assigns a label where the audit proposes one. CNCI has no "
    "threshold: it is given the number of wrong labels, and assigns its label to that many of "
    "the most suspicious samples. cleanlab assigns the most probable label where it finds an "
    "issue, by out-of-fold logistic regressions on the inputs of the last layer, fitted to "
    "validation samples too.\n\n"
    "`python benchmarks/repair.py`, then `python benchmarks/repair.py --report`"
)


def report(found: pd.DataFrame) -> None:
    """Write docs/benchmarks/repair.md and label_repair.md from the results of ``repair.py``."""
    found["order"] = found["dataset"].map(list(DATA).index)
    found = found.sort_values(["order", "model", "glitch", "ratio", "seed"])
    keys = ["order", "model", "glitch", "ratio"]
    gains = [_gain(group) for _, group in found.groupby(keys)]
    once = found.drop_duplicates("trial")
    labels = [_labels(group) for _, group in once.groupby(keys)]
    header = ("data", "trained", "glitch", "share", "seeds", *SETS, "recovered")
    write_table("repair", "Accuracy recovered by a repair", NOTES, header, gains)
    names = [name.replace("given", "assigned").replace("spoilt", "corrupted") for name in REPAIRS]
    second = ("data", "glitch", "share", *names)
    write_table("label_repair", "True labels restored", LABEL_NOTES, second, labels)


def _gain(group: pd.DataFrame) -> list[str]:
    first = group.iloc[0]
    mean = group[list(SETS)].mean()
    cost = mean["clean"] - mean["dirty"]
    back = (mean["repaired"] - mean["dirty"]) / cost if cost > WORTH_REPAIRING else float("nan")
    return [
        DATA[first["dataset"]],
        MODELS[first["model"]],
        *_glitch(first),
        str(len(group)),
        *_spread(group[list(SETS)]),
        "" if pd.isna(back) else f"**{back:.0%}**".replace("%", " %"),
    ]


def _labels(group: pd.DataFrame) -> list[str]:
    first = group.iloc[0]
    return [
        DATA[first["dataset"]],
        *_glitch(first),
        *(f"{100 * group[column].mean():.1f}" for column in REPAIRS),
    ]


def _glitch(row: pd.Series) -> tuple[str, str]:
    return GLITCHES[row["glitch"]], f"{row['ratio']:.0%}".replace("%", " %")


def _spread(values: pd.DataFrame) -> Iterator[str]:
    for name in values:
        deviation = f" ± {100 * values[name].std():.1f}" if len(values) > 1 else ""
        yield f"{100 * values[name].mean():.1f}{deviation}"
