"""The page of ``repair.py``: what came back of what glitches cost, and whose labels are right."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from engine_report import write_table

WORTH_REPAIRING = 0.01
"""Accuracy that glitches must cost for a share of it to say something."""
DATA = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10_part.npz": "CIFAR-10 part"}
MODELS = {"resnet20": "ResNet-20", "small_convnet": "small convnet"}
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
    "What glitches cost, and what the audit's own proposal brings back of it. Accuracy, in %, of "
    "trainings on the dirty set, on one with as many random decisions, on the repaired one, and on "
    "the clean one (true labels given back, all else that was injected taken out), ± the deviation "
    "over seeds where there are several; each seed is another draw, another injection and another "
    "training. The audit looks with ResNet-20 from the trial's clean validation samples (1,200, of "
    "CIFAR-10 1,000); "
    "accuracy is measured on 4,000 images of the dataset that are neither in the trial nor in the "
    "audit, of CIFAR-10 on test images, since the published weights were made from the others. "
    "*Brought back* is (repaired − dirty) / (clean − dirty) of the mean accuracies, where "
    "the glitches cost more than a point. Class-dependent noise strikes that share of one class. "
    "The mixture is 4 % uniform noise, 4 % far-clustered anomalies, 3 % stripes and 3 % "
    "brightness.\n\n"
    "`python benchmarks/repair.py`, then `python benchmarks/repair.py --report`"
)
LABEL_NOTES = (
    "Of the wrong labels of the trials of [the repair](repair.md), in %: the share whose true "
    "label is *named*, and the share to which it is *given* back; and of the right labels the "
    "share that is *spoilt*. `fused` gives a label where the audit proposes one. CNCI has no "
    "threshold: it is told how many labels are wrong, and gives its own to as many of the most "
    "suspicious samples. cleanlab gives the most probable label by cross-fitted probes on the "
    "inputs of the last layer (validation teaches them too) where it finds an issue.\n\n"
    "`python benchmarks/repair.py`, then `python benchmarks/repair.py --report`"
)


def report(found: pd.DataFrame) -> None:
    """Write docs/benchmarks/repair.md and label_repair.md from what ``repair.py`` measured."""
    found["order"] = found["dataset"].map(list(DATA).index)
    found = found.sort_values(["order", "model", "glitch", "ratio", "seed"])
    keys = ["order", "model", "glitch", "ratio"]
    gains = [_gain(group) for _, group in found.groupby(keys)]
    once = found.drop_duplicates("trial")
    labels = [_labels(group) for _, group in once.groupby(keys)]
    header = ("data", "trained", "glitch", "share", "seeds", *SETS, "brought back")
    write_table("repair", "What a repair brings back", NOTES, header, gains)
    second = ("data", "glitch", "share", *REPAIRS)
    write_table("label_repair", "Labels given back", LABEL_NOTES, second, labels)


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
