"""How a claim of the paper is put to the test on runs: which cells it speaks of, and the numbers.

Every test takes the runs' scores and returns an :class:`Outcome`, or ``None`` where the runs hold
nothing that the claim speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import pandas as pd

from analysis.paper.figures import PAPER_RATIO, epoch_values, family
from analysis.reading.frames import Frames
from analysis.rendering.text import spread
from analysis.stats.summary import CELL, measured, summarise
from experiments import schema
from influence.signals import PAPER
from influence.signals.display import look, ordered

#: From this mean F1 on, a glitch counts as found; up to the other one, as not found.
FOUND: Final = 0.5
NOT_FOUND: Final = 0.2
#: What counts as more than a difference of chance between two means of F1.
MARGIN: Final = 0.1
ALL_FITTED: Final = 0.99
NONE_FITTED: Final = 0.05

SI: Final = "self_influence"
MI: Final = "marginal_influence"
NEGATED_MI: Final = "negated_marginal_influence"
AAI: Final = "average_absolute_influence"
GD: Final = "gd_class"
LABEL_NOISE: Final = ("uniform_noise", "class_dependent_noise")
_SETTING: Final = ["dataset", "model"]


@dataclass(frozen=True)
class Outcome:
    """What the runs say of a claim.

    Attributes:
        holds: whether they bear it out.
        numbers: the means behind it, in words.
        cells: settings that it rests on.
        seeds: distinct seeds among them.
        where: datasets and models.
    """

    holds: bool
    numbers: str
    cells: int
    seeds: int
    where: str


@dataclass(frozen=True)
class Runs:
    """Scores of the paper's signals as the claims need them.

    Attributes:
        f1: as :func:`measured`, with ``family`` (see :func:`paper_figures.family`), ``binary`` and
            ``pretrained``; validation labels are clean.
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
        """What the claims need of these frames."""
        columns = ["run_id", "n_classes"]
        columns += [c for c in ("pretrained", "validation_noise") if c in frames.trials]
        more = frames.trials[columns]

        def completed(values: pd.DataFrame) -> pd.DataFrame:
            found = values.merge(more, on="run_id").assign(family=values["glitch"].map(family))
            if "validation_noise" in found:
                found = found[found["validation_noise"] == 0]
            return found.assign(binary=found["n_classes"] == 2)

        signals = (*PAPER, NEGATED_MI)
        return cls(
            completed(measured(frames, schema.F1, signals)),
            completed(epoch_values(frames, signals)),
            completed(measured(frames, schema.ACCURACY, ["glitched"])),
            completed(measured(frames, schema.ROC_AUC, [MI])),
        )

    def of_glitch(self, families: Iterable[str], **wanted: object) -> pd.DataFrame:
        """F1 of the paper's signals on these glitches at the paper's ratio."""
        values = _at(self.f1, families, wanted)
        return values[values["series"].isin(PAPER)]


Test = Callable[[Runs], Outcome | None]


def _at(values: pd.DataFrame, families: Iterable[str], wanted: dict[str, object]) -> pd.DataFrame:
    values = values[values["family"].isin(list(families)) & (values["ratio"] == PAPER_RATIO)]
    for column, value in wanted.items():
        values = values[values[column] == value]
    return values


def outcome(holds: bool, numbers: str, values: pd.DataFrame) -> Outcome:
    """An outcome that rests on all of ``values``."""
    settings = sorted(set(zip(values["dataset"], values["model"], strict=True)))
    return Outcome(
        bool(holds),
        numbers,
        len(values.drop_duplicates(CELL)),
        values["seed"].nunique(),
        ", ".join(f"{dataset}/{model}" for dataset, model in settings),
    )


def means(values: pd.DataFrame) -> dict[str, float]:
    """Mean of each series over cells, each cell alike."""
    found = summarise(values, [])
    return dict(zip(found["series"], found["mean"].astype(float), strict=True))


def said(values: pd.DataFrame) -> str:
    """Means and deviations in words."""
    found = summarise(values, [])
    texts = dict(zip(found["series"], map(spread, found["mean"], found["sd"]), strict=True))
    return ", ".join(f"{look(signal).short} {texts[signal]}" for signal in ordered(texts))


def best_is(signal: str, families: Iterable[str]) -> Test:
    """The signal has the highest mean F1, and is the best or joint best in most cells."""

    def test(runs: Runs) -> Outcome | None:
        values = runs.of_glitch(families)
        if signal not in set(values["series"]) or values["series"].nunique() < 2:
            return None
        found = means(values)
        cells = values.groupby([*CELL, "series"])["value"].mean().unstack("series")
        share = (cells[signal] >= cells.max(axis=1)).mean()
        holds = found[signal] == max(found.values()) and share > 0.5
        return outcome(holds, f"{said(values)}; best in {share:.0%} of cells", values)

    return test


def worst_is(signal: str) -> Test:
    """The signal has the lowest mean F1 over all glitches."""

    def test(runs: Runs) -> Outcome | None:
        values = runs.f1[runs.f1["series"].isin(PAPER)]
        if signal not in set(values["series"]) or values["series"].nunique() < 2:
            return None
        found = means(values)
        return outcome(found[signal] == min(found.values()), said(values), values)

    return test


def not_above(signal: str, other: str, families: Iterable[str]) -> Test:
    """The first signal's mean F1 is not above the other's."""

    def test(runs: Runs) -> Outcome | None:
        values = runs.of_glitch(families)
        values = values[values["series"].isin([signal, other])]
        if values["series"].nunique() < 2:
            return None
        found = means(values)
        return outcome(found[signal] <= found[other], said(values), values)

    return test


def found_by(signals: Iterable[str], families: Iterable[str], **wanted: object) -> Test:
    """Each of the signals finds the glitch: mean F1 of at least :data:`FOUND`."""

    def test(runs: Runs) -> Outcome | None:
        values = runs.of_glitch(families, **wanted)
        values = values[values["series"].isin(list(signals))]
        if values.empty:
            return None
        return outcome(min(means(values).values()) >= FOUND, said(values), values)

    return test


def found_by_none(families: Iterable[str], **wanted: object) -> Test:
    """No signal of the paper finds the glitch: each mean F1 at most :data:`NOT_FOUND`."""

    def test(runs: Runs) -> Outcome | None:
        values = runs.of_glitch(families, **wanted)
        if values.empty:
            return None
        return outcome(max(means(values).values()) <= NOT_FOUND, said(values), values)

    return test


def accuracy_is(low: float, high: float, families: Iterable[str]) -> Test:
    """The trained model's mean accuracy on the glitched samples lies within the bounds."""

    def test(runs: Runs) -> Outcome | None:
        values = _at(runs.accuracy, families, {})
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
    values = runs.f1.query("family == 'uniform_noise' and series == @SI")
    several = values.groupby(_SETTING)["ratio"].transform("nunique") > 1
    values = values[several]
    if values.empty:
        return None
    steps = values.groupby([*_SETTING, "ratio"])["value"].mean().reset_index("ratio")
    ends = steps.sort_values("ratio", kind="stable").groupby(_SETTING)["value"]
    rise = ends.last() - ends.first()
    by_ratio = values.groupby("ratio")["value"].mean()
    numbers = ", ".join(f"{ratio:.0%}: {value:.2f}" for ratio, value in by_ratio.items())
    lower = int((rise > 0).sum())
    text = f"SI by ratio {numbers}; lower at the least in {lower} of {len(rise)} settings"
    return outcome(lower > len(rise) / 2 and rise.mean() > 0, text, values)


def _drops(runs: Runs) -> tuple[pd.DataFrame, pd.DataFrame]:
    """SI's values on label noise in settings with both kinds; and one row a setting with
    ``pretrained`` and ``drop``, from uniform to class-dependent."""
    values = runs.of_glitch(LABEL_NOISE).query("series == @SI")
    values = values[values.groupby(_SETTING)["family"].transform("nunique") == 2]
    sign = values["family"].map({"uniform_noise": 1.0, "class_dependent_noise": -1.0})
    drop = values["value"] * sign.astype(float)
    sums = values.assign(drop=drop).groupby([*_SETTING, "pretrained", "family"])["drop"].mean()
    return values, sums.groupby([*_SETTING, "pretrained"]).sum().reset_index()


def falls_on_class_dependent_noise(runs: Runs) -> Outcome | None:
    """SI's mean F1 is lower on class-dependent than on uniform noise, by more than the margin."""
    values, drops = _drops(runs)
    if drops.empty:
        return None
    fall, lower = float(drops["drop"].mean()), int((drops["drop"] > 0).sum())
    numbers = f"SI falls by {fall:.2f}, in {lower} of {len(drops)} settings"
    return outcome(fall > MARGIN, numbers, values)


def falls_most_from_scratch(runs: Runs) -> Outcome | None:
    """The fall is larger for models trained from scratch than for pretrained ones."""
    values, drops = _drops(runs)
    if drops["pretrained"].nunique() < 2:
        return None
    pretrained = drops["pretrained"].astype(bool)
    scratch, tuned = (float(drops["drop"][part].mean()) for part in (~pretrained, pretrained))
    numbers = f"SI falls by {scratch:.2f} from scratch, by {tuned:.2f} pretrained"
    return outcome(scratch > tuned, numbers, values)


def fails_by_cancellation(runs: Runs) -> Outcome | None:
    """With the opposite sign MI finds label noise no better: its failure is not one of sign.

    Measured by the F1 of −MI where it was logged, else by MI's ROC AUC: turning the sign turns an
    AUC of a into 1 − a.
    """
    values = _at(runs.f1, LABEL_NOISE, {})
    values = values[values["series"].isin([MI, NEGATED_MI])]
    if values["series"].nunique() == 2:
        found = means(values)
        return outcome(found[NEGATED_MI] <= found[MI] + MARGIN, said(values), values)
    values = _at(runs.roc_auc, LABEL_NOISE, {})
    if values.empty:
        return None
    auc = means(values)[MI]
    numbers = f"ROC AUC of MI {auc:.2f}, with the opposite sign {1 - auc:.2f}"
    return outcome(1 - auc <= auc + MARGIN, numbers, values)


def better_on_pretrained_images(runs: Runs) -> Outcome | None:
    """The paper's signals together find label noise better on images with pretrained models than
    on tables."""
    values = runs.of_glitch(LABEL_NOISE)
    images = values[(values["modality"] == "image") & values["pretrained"]]
    tables = values[values["modality"] == "tabular"]
    if images.empty or tables.empty:
        return None
    first, second = (fmean(means(part).values()) for part in (images, tables))
    numbers = f"mean of the signals {first:.2f} on images, {second:.2f} on tables"
    return outcome(first > second, numbers, pd.concat([images, tables]))


def found_in_early_epochs(model: str) -> Test:
    """SI of the first epoch alone finds near-clustered anomalies of multi-class tables better than
    the cumulated one, by more than the margin."""

    def test(runs: Runs) -> Outcome | None:
        wanted = {"series": SI, "binary": False, "model": model}
        whole = _at(runs.f1, ["near_clustered_anomalies"], wanted)
        first = _at(runs.epoch_f1, ["near_clustered_anomalies"], wanted | {"epoch": 1})
        if whole.empty or first.empty:
            return None
        early, late = (means(values)[SI] for values in (first, whole))
        numbers = f"SI {early:.2f} in the first epoch, {late:.2f} cumulated"
        return outcome(early > late + MARGIN, numbers, whole)

    return test
