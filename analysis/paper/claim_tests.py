"""The tests of the paper's claims: which cells a claim is about, and the numbers that decide it.

Every test takes the scores of the runs and returns an :class:`Outcome`, or ``None`` where the runs
contain nothing that the claim is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import pandas as pd

from analysis.choices import CELL
from analysis.reading.frames import Frames
from analysis.rendering.text import display_name, spread
from analysis.stats.glitch_groups import glitch_group
from analysis.stats.summary import PAPER_RATIO, epoch_values, measured, summarise
from experiments import schema
from influence.signals import PAPER
from influence.signals.display import ordered

#: A glitch counts as found from this mean F1 on, and as not found up to the other one.
FOUND: Final = 0.5
NOT_FOUND: Final = 0.2
#: A difference between two means of F1 must exceed this to count as more than noise.
MARGIN: Final = 0.1
ALL_FITTED: Final = 0.99
NONE_FITTED: Final = 0.05

SI: Final = "self_influence"
MI: Final = "marginal_influence"
NEGATED_MI: Final = "negated_marginal_influence"
AAI: Final = "average_absolute_influence"
GD: Final = "gd_class"
UNIFORM: Final = "uniform_noise"
LABEL_NOISE: Final = (UNIFORM, "class_dependent_noise")
_SETTING: Final = ["dataset", "model"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a test.

    Attributes:
        holds: whether the claim holds on the runs.
        numbers: the means behind it, in words.
        cells: the number of cells behind it.
        seeds: the number of distinct seeds behind it.
        settings: the datasets and models behind it.
    """

    holds: bool
    numbers: str
    cells: int
    seeds: int
    settings: list[tuple[str, str]]


@dataclass(frozen=True)
class Runs:
    """The scores that the claims are about.

    Attributes:
        f1: as :func:`measured` returns it, with ``group`` (see :func:`glitch_group`), ``binary``
            and ``pretrained``; only runs with clean validation labels.
        epoch_f1: the same at each epoch, with ``epoch``.
        accuracy: of the trained model on the glitched samples.
        roc_auc: of MI.
    """

    f1: pd.DataFrame
    epoch_f1: pd.DataFrame
    accuracy: pd.DataFrame
    roc_auc: pd.DataFrame

    @classmethod
    def of(cls, frames: Frames) -> Runs:
        """The scores that the claims need."""
        fields = frames.trials.reindex(
            columns=["run_id", "n_classes", "pretrained", "validation_noise"]
        )
        clean = fields["validation_noise"].isin([0]) | fields["validation_noise"].isna()
        fields = fields[clean].assign(pretrained=fields["pretrained"].eq(True))

        def completed(values: pd.DataFrame) -> pd.DataFrame:
            found = values.merge(fields, on="run_id")
            groups = found["glitch"].map(glitch_group)
            return found.assign(group=groups, binary=found["n_classes"] == 2)

        signals = (*PAPER, NEGATED_MI)
        return cls(
            completed(measured(frames, schema.F1, signals)),
            completed(epoch_values(frames, signals)),
            completed(measured(frames, schema.ACCURACY, ["glitched"])),
            completed(measured(frames, schema.ROC_AUC, [MI])),
        )


Test = Callable[[Runs], Outcome | None]


def _at(
    values: pd.DataFrame, groups: Iterable[str], series: Iterable[str] = PAPER, **wanted: object
) -> pd.DataFrame:
    """The values of these series on these glitches at the paper's ratio."""
    values = values[values["group"].isin(list(groups)) & (values["ratio"] == PAPER_RATIO)]
    for column, value in wanted.items():
        values = values[values[column] == value]
    return values[values["series"].isin(list(series))]


def outcome(holds: bool, numbers: str, values: pd.DataFrame) -> Outcome:
    """An outcome that is based on all of ``values``."""
    settings = sorted(set(zip(values["dataset"], values["model"], strict=True)))
    cells = len(values.drop_duplicates([*CELL]))
    return Outcome(bool(holds), numbers, cells, values["seed"].nunique(), settings)


def means(values: pd.DataFrame) -> dict[str, float]:
    """The mean of each series over cells; all cells have the same weight."""
    if values.empty:
        return {}
    found = summarise(values, [])
    return dict(zip(found["series"], found["mean"].astype(float), strict=True))


def in_words(values: pd.DataFrame) -> str:
    """The mean of each series with its standard deviation, in words."""
    found = summarise(values, [])
    texts = dict(zip(found["series"], map(spread, found["mean"], found["sd"]), strict=True))
    return ", ".join(f"{display_name('signal', name)} {texts[name]}" for name in ordered(texts))


def on_means(
    holds: Callable[[Mapping[str, float]], bool],
    groups: Sequence[str] | None = None,
    series: Sequence[str] = PAPER,
    needed: Sequence[str] = (),
    wanted: Mapping[str, object] | None = None,
) -> Test:
    """A test of the mean F1 of each signal.

    Args:
        holds: of the mean of each signal, whether the claim holds.
        groups: glitches that the claim is about, at the paper's ratio; ``None``: every cell.
        series: signals that the claim is about.
        needed: those of them without which nothing can be said.
        wanted: values of further columns of :attr:`Runs.f1`.
    """

    def test(runs: Runs) -> Outcome | None:
        values = runs.f1[runs.f1["series"].isin(list(series))]
        if groups is not None:
            values = _at(values, groups, series, **(wanted or {}))
        found = means(values)
        if not found or not set(needed) <= set(found):
            return None
        return outcome(holds(found), in_words(values), values)

    return test


def is_worst(signal: str) -> Test:
    """The signal has the lowest mean F1 over all glitches."""
    return on_means(lambda mean: mean[signal] == min(mean.values()), needed=(signal, SI))


def not_above(signal: str, other: str, groups: Sequence[str]) -> Test:
    """The first signal's mean F1 is not above the other's."""
    pair = (signal, other)
    return on_means(lambda mean: mean[signal] <= mean[other], groups, pair, pair)


def found_by(series: Sequence[str], groups: Sequence[str], **wanted: object) -> Test:
    """Each of the signals finds the glitch: its mean F1 is at least :data:`FOUND`."""
    return on_means(lambda mean: min(mean.values()) >= FOUND, groups, series, wanted=wanted)


def found_by_none(groups: Sequence[str], **wanted: object) -> Test:
    """No signal of the paper finds the glitch: each mean F1 is at most :data:`NOT_FOUND`."""
    return on_means(lambda mean: max(mean.values()) <= NOT_FOUND, groups, wanted=wanted)


def is_best(signal: str, groups: Iterable[str]) -> Test:
    """The signal has the highest mean F1, and is the best or joint best in most cells."""

    def test(runs: Runs) -> Outcome | None:
        values = _at(runs.f1, groups)
        found = means(values)
        if signal not in found or len(found) < 2:
            return None
        cells = values.groupby([*CELL, "series"])["value"].mean().unstack("series")
        share = (cells[signal] >= cells.max(axis=1)).mean()
        holds = found[signal] == max(found.values()) and share > 0.5
        return outcome(holds, f"{in_words(values)}; best in {share:.0%} of cells", values)

    return test


def accuracy_is(low: float, high: float, groups: Iterable[str]) -> Test:
    """The trained model's mean accuracy on the glitched samples lies within the bounds."""

    def test(runs: Runs) -> Outcome | None:
        values = _at(runs.accuracy, groups, ["glitched"])
        if values.empty:
            return None
        mean = means(values)["glitched"]
        least, most = values["value"].min(), values["value"].max()
        bounds = f"at least {low:g}" if high == 1 else f"at most {high:g}"
        numbers = f"accuracy {mean:.3f}, from {least:.3f} to {most:.3f}; holds if {bounds}"
        return outcome(low <= mean <= high, numbers, values)

    return test


def falls_at_small_ratios(runs: Runs) -> Outcome | None:
    """SI's mean F1 on uniform noise is lower at the smallest ratio than at the largest, in most
    settings that have several ratios."""
    values = runs.f1[(runs.f1["group"] == UNIFORM) & (runs.f1["series"] == SI)]
    values = values[values.groupby(_SETTING)["ratio"].transform("nunique") > 1]
    if values.empty:
        return None
    steps = values.groupby([*_SETTING, "ratio"])["value"].mean().reset_index("ratio")
    ends = steps.sort_values("ratio", kind="stable").groupby(_SETTING)["value"]
    rise = ends.last() - ends.first()
    lower = int((rise > 0).sum())
    by_ratio = values.groupby("ratio")["value"].mean()
    numbers = ", ".join(f"{ratio:.0%}: {value:.2f}" for ratio, value in by_ratio.items())
    text = f"SI by ratio {numbers}; lowest at the smallest in {lower} of {len(rise)} settings"
    return outcome(lower > len(rise) / 2 and rise.mean() > 0, text, values)


def _drops(runs: Runs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """SI's values on label noise in settings with both kinds of it; and one row per setting with
    ``pretrained`` and ``drop``, the difference between uniform and class-dependent noise."""
    values = _at(runs.f1, LABEL_NOISE, [SI])
    values = values[values.groupby(_SETTING)["group"].transform("nunique") == 2]
    setting = [*_SETTING, "pretrained"]
    by_noise = values.groupby([*setting, "group"])["value"].mean().unstack("group")
    by_noise = by_noise.reindex(columns=list(LABEL_NOISE))
    drop = by_noise[LABEL_NOISE[0]] - by_noise[LABEL_NOISE[1]]
    return values, drop.rename("drop").reset_index()


def falls_on_class_dependent_noise(runs: Runs) -> Outcome | None:
    """SI's mean F1 is lower on class-dependent than on uniform noise, by more than the margin."""
    values, drops = _drops(runs)
    if drops.empty:
        return None
    fall, lower = float(drops["drop"].mean()), int((drops["drop"] > 0).sum())
    numbers = f"SI falls by {fall:.2f}, in {lower} of {len(drops)} settings"
    return outcome(fall > MARGIN, numbers, values)


def falls_most_from_scratch(runs: Runs) -> Outcome | None:
    """SI falls more for models trained from scratch than for pretrained ones."""
    values, drops = _drops(runs)
    if drops["pretrained"].nunique() < 2:
        return None
    falls = drops.groupby("pretrained")["drop"].mean()
    scratch, tuned = float(falls[False]), float(falls[True])
    numbers = f"SI falls by {scratch:.2f} from scratch, by {tuned:.2f} pretrained"
    return outcome(scratch > tuned, numbers, values)


def fails_by_cancellation(runs: Runs) -> Outcome | None:
    """With the opposite sign, MI does not find label noise better: its sign is not the cause.

    Measured by the F1 of −MI where it was logged, else by MI's ROC AUC: the opposite sign turns an
    AUC of a into 1 − a.
    """
    values = _at(runs.f1, LABEL_NOISE, [MI, NEGATED_MI])
    found = means(values)
    if len(found) == 2:
        return outcome(found[NEGATED_MI] <= found[MI] + MARGIN, in_words(values), values)
    values = _at(runs.roc_auc, LABEL_NOISE, [MI])
    if values.empty:
        return None
    auc = means(values)[MI]
    numbers = f"ROC AUC of MI {auc:.2f}, with the opposite sign {1 - auc:.2f}"
    return outcome(1 - auc <= auc + MARGIN, numbers, values)


def better_on_pretrained_images(runs: Runs) -> Outcome | None:
    """The mean F1 of the paper's signals on label noise is higher on images with pretrained models
    than on tables."""
    images = _at(runs.f1, LABEL_NOISE, modality="image", pretrained=True)
    tables = _at(runs.f1, LABEL_NOISE, modality="tabular")
    if images.empty or tables.empty:
        return None
    first, second = (fmean(means(part).values()) for part in (images, tables))
    numbers = f"mean of the signals {first:.2f} on images, {second:.2f} on tables"
    return outcome(first > second, numbers, pd.concat([images, tables]))


def found_in_early_epochs(model: str) -> Test:
    """SI of the first epoch finds near-clustered anomalies of multi-class tables better than SI
    accumulated over all epochs, by more than the margin."""
    near = ("near_clustered_anomalies",)

    def test(runs: Runs) -> Outcome | None:
        whole = _at(runs.f1, near, [SI], binary=False, model=model)
        first = _at(runs.epoch_f1, near, [SI], binary=False, model=model, epoch=1)
        if whole.empty or first.empty:
            return None
        early, late = (means(values)[SI] for values in (first, whole))
        numbers = f"SI {early:.2f} in the first epoch, {late:.2f} accumulated over all"
        return outcome(early > late + MARGIN, numbers, whole)

    return test
