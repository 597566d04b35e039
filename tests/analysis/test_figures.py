"""Figures: drawn from the runs, legible, the same each time."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from run_writer import LIFT, SIGNAL_NAMES, Study

from analysis import figures
from analysis.paper.figures import FROM_METRICS, FROM_SCORES, all_figures, figure4
from analysis.plotting.drawing import preferred, save, settle, style
from analysis.plotting.run_figures import compressed, distributions, precision_recall
from analysis.reading.selection import Selection, select
from analysis.stats.summary import measured
from analysis.stats.view import View
from common.errors import UserError
from glitches import GLITCHES
from influence.signals import SIGNALS
from influence.signals.display import ordered, style_of


@pytest.fixture(scope="module")
def runs(study: Study) -> Selection:
    return select(study.store, "study")


@pytest.fixture(scope="module")
def drawn(runs: Selection) -> dict[str, Figure]:
    return {figure.stem: figure.figure for figure in all_figures(runs, View())}


def test_every_figure_is_drawn(drawn: dict[str, Figure]) -> None:
    glitches = (*LIFT.keys() - {"none"},)
    of_scores = {f"{name}_{glitch}" for name in FROM_SCORES for glitch in glitches}
    assert set(drawn) == set(FROM_METRICS) | of_scores


def test_bars_are_means_of_the_runs_and_of_their_signals_colour(
    drawn: dict[str, Figure], runs: Selection
) -> None:
    values = measured(runs.frames).query("modality == 'image' and ratio == 0.1")
    panel = drawn["figure2"].axes[0]
    assert panel.get_title() == f"(a) {GLITCHES.title('uniform_noise')}"
    bars = [patch for patch in panel.patches if isinstance(patch, Rectangle)]
    for bar, signal in zip(bars, SIGNAL_NAMES, strict=True):
        wanted = values.query("glitch == 'uniform_noise' and series == @signal")["value"].mean()
        assert bar.get_height() == pytest.approx(wanted)
        assert bar.get_facecolor()[:3] == pytest.approx(
            [int(style_of(signal).colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        )


def test_a_panel_without_runs_says_so(drawn: dict[str, Figure]) -> None:
    assert [t.get_text() for t in drawn["figure1"].axes[1].texts] == ["not run"]


def test_figure4_needs_two_ratios(runs: Selection, study: Study) -> None:
    assert figure4(runs.frames, View()) is not None
    one = select(study.store, "study", only=["ratio=0.1"])
    assert figure4(one.frames, View()) is None


def test_no_text_leaves_the_figure_or_covers_another(drawn: dict[str, Figure]) -> None:
    for name, figure in drawn.items():
        renderer = FigureCanvasAgg(figure).get_renderer()
        with style():
            settle(figure)
        boxes = [
            text.get_window_extent(renderer)
            for axes in figure.axes
            if axes.get_visible()
            for text in (axes.title, axes.xaxis.label, axes.yaxis.label)
            if text.get_text()
        ]
        frame = figure.bbox
        for number, box in enumerate(boxes):
            assert frame.x0 - 1 <= box.x0, name
            assert box.x1 <= frame.x1 + 1, name
            assert not any(box.overlaps(other) for other in boxes[:number]), name


def test_files_are_the_same_each_time(drawn: dict[str, Figure], tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = {"figure2": drawn["figure2"]}
    first, second = save(one, tmp_path / "a"), save(one, tmp_path / "b")
    assert [p.suffix for p in first] == [".pdf", ".svg", ".png"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_signals_look_different_and_keep_their_looks() -> None:
    looks = [style_of(name) for name in SIGNALS]
    assert len({(seen.colour, seen.marker) for seen in looks}) == len(looks)
    assert len({style_of(name).colour for name in SIGNAL_NAMES}) == 4
    assert preferred(["cnci", *reversed(SIGNAL_NAMES)], None) == list(SIGNAL_NAMES)
    assert preferred(["cnci", "mine"], None) == ordered(["mine", "cnci"])


def test_the_command_writes_and_says_what_is_missing(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--tracking-uri", study.uri, "--experiment", "study", "--out", str(tmp_path)]
    wanted = ["--figure", "figure1", "--figure", "figure2", "--format", "svg"]
    figures.main([*common, *wanted, "--only", "dataset=digits"])
    assert [p.name for p in tmp_path.iterdir()] == ["figure2.svg"]
    assert "no runs for: figure1" in capsys.readouterr().out
    with pytest.raises(UserError, match="unknown figure 'figure3'"):
        figures.main([*common, "--figure", "figure3"])


def test_scores_that_were_not_stored_are_skipped(runs: Selection) -> None:
    frames = runs.frames
    assert distributions(frames, View(), lambda _run: None) is None
    assert precision_recall(frames, View(), lambda _run: None) is None


def test_compression_keeps_order_and_sign() -> None:
    rng = np.random.default_rng(0)
    scores = rng.standard_cauchy(1000)
    found = compressed(scores)
    assert (np.argsort(found) == np.argsort(scores)).all()
    assert (np.sign(found) == np.sign(scores)).all()
    assert np.abs(found).max() < 12
