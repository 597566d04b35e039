"""Verdicts agree with scipy on plain arrays and are refused where blocks are too few."""

import numpy as np
import pandas as pd
import pytest
from run_writer import SIGNAL_NAMES, Study
from scipy.stats import friedmanchisquare, rankdata, wilcoxon

from analysis import significance
from analysis.paper.sentences import comparison
from analysis.reading.selection import select
from analysis.stats.comparison import TooFewError, blocks_needed, in_blocks, omnibus, pairwise
from glitches import GLITCHES


def scores(count: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = rng.random((count, 4)) + np.array([0.6, 0.0, 0.3, 0.3])
    return pd.DataFrame(table, columns=list(SIGNAL_NAMES))


def test_friedman_and_ranks() -> None:
    blocks = scores(20)
    found = omnibus(blocks)
    statistic, p = friedmanchisquare(*blocks.to_numpy().T)
    assert (found.statistic, found.p) == pytest.approx((statistic, p))
    ranks = rankdata(-blocks.to_numpy(), axis=1).mean(axis=0)
    assert found.ranks[list(SIGNAL_NAMES)].to_numpy() == pytest.approx(ranks)
    assert f"over 20 blocks (Friedman χ² = {statistic:.1f}" in comparison(blocks)[0][0]
    assert np.allclose(found.pairs, found.pairs.T)


def test_pairs_hold_wilcoxon_holm_wins_and_interval() -> None:
    blocks = scores(20)
    pairs = pairwise(blocks)
    assert len(pairs) == 6
    first = pairs.iloc[0]
    difference = blocks["self_influence"] - blocks["marginal_influence"]
    assert first["p"] == pytest.approx(wilcoxon(difference).pvalue)
    assert first["difference"] == pytest.approx(difference.mean())
    assert first["low"] < difference.mean() < first["high"]
    assert first["wins"] == pytest.approx((difference > 0).mean())
    ordered = pairs.sort_values("p")
    stepped = np.maximum.accumulate(ordered["p"].to_numpy() * np.arange(6, 0, -1))
    assert ordered["p_holm"].to_numpy() == pytest.approx(np.minimum(stepped, 1.0))


def test_equal_signals_do_not_spoil_the_others() -> None:
    blocks = scores(20).assign(gd_class=lambda frame: frame["self_influence"])
    pairs = pairwise(blocks).set_index(["first", "second"])
    assert pairs.at[("self_influence", "gd_class"), "p_holm"] == 1.0
    assert pairs.at[("self_influence", "gd_class"), "wins"] == 0.5
    assert float(pairs["p_holm"][("self_influence", "marginal_influence")]) < 0.05


@pytest.mark.parametrize("signals", [2, 3, 4, 9])
def test_fewer_blocks_than_needed_could_never_be_significant(signals: int) -> None:
    needed, pairs = blocks_needed(signals), signals * (signals - 1) / 2
    assert wilcoxon(np.arange(1.0, needed + 1)).pvalue * pairs <= 0.05
    assert wilcoxon(np.arange(1.0, needed)).pvalue * pairs > 0.05


def test_too_few_blocks_are_refused_with_the_number_needed() -> None:
    with pytest.raises(TooFewError, match="at least 11 blocks, got 10"):
        omnibus(scores(10))
    with pytest.raises(TooFewError, match="at least 3 signals, got 2"):
        omnibus(scores(20).iloc[:, :2])
    with pytest.raises(TooFewError, match="at least 8 blocks, got 7"):
        pairwise(scores(7))
    with pytest.raises(TooFewError, match="tie in all 20 blocks"):
        omnibus(scores(20) * 0.0)


def test_blocks_are_paired_and_drop_incomplete_ones(study: Study) -> None:
    frames = select(study.store, "study").frames
    blocks = in_blocks(frames)
    assert list(blocks.columns) == list(SIGNAL_NAMES)
    assert len(blocks) == 17
    assert not (blocks.index.get_level_values("ratio") == 0.3).any()
    assert len(in_blocks(frames, by=["dataset", "model", "glitch"])) == 6


def test_the_command_says_blocks_and_refusals(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    significance.main(["--tracking-uri", study.uri, "--experiment", "study"])
    printed = capsys.readouterr().out
    assert "all glitches: 17 blocks of dataset, model, glitch, ratio, variant, seed" in printed
    assert f"{GLITCHES.title('uniform_noise')}: 6 blocks" in printed
    assert "not tested: Friedman's test needs at least 11 blocks, got 6" in printed
    assert "SI − MI: +0." in printed
