"""The report: one page that needs nothing else, whatever the data are called."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup
from run_writer import Study, Writer

from analysis import report
from analysis.paper.figures import all_figures
from analysis.paper.page import LARGEST, REPORT_FILE, fitting, render
from analysis.plotting.top_samples import TopSamples, Trial, top_samples
from analysis.publish import publish
from analysis.reading.selection import select
from analysis.reading.store import Store
from analysis.stats.view import View
from common.errors import UserError
from experiments.commands import publication
from glitches import GLITCHES

EVIL = "<script>alert('x')</script>"


class Reader(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.ids.add(found.get("id") or "")
        for name in ("href", "src", "xlink:href"):
            if name in found:
                self.targets.append(found[name] or "")
        if tag in ("table", "figure", "section", "details", "svg"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("table", "figure", "section", "details", "svg"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(study: Study) -> str:
    runs = select(study.store, "study")
    return render(runs, View(), all_figures(runs, View()))


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_it_needs_no_network(page: str, read: Reader) -> None:
    assert all(t.startswith(("#", "data:image/png;base64,")) for t in read.targets)
    assert {t[1:] for t in read.targets if t.startswith("#")} <= read.ids
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\((?!#)", page)
    assert "link" not in read.tags


def test_it_is_whole(page: str, read: Reader) -> None:
    assert read.open == []
    assert len(page.encode()) < 5_000_000
    assert read.tags.count("script") == 1
    for heading in ("Summary", "The paper's claims", "Figures", "Tables", "Trials that failed"):
        assert heading in read.text
    assert (
        f"{GLITCHES.title('uniform_noise').capitalize()} at 10%: found; best mean F1: SI with 1.00"
        in read.text
    )
    assert "Not counted: 1 running" in read.text
    assert "does not hold" in read.text
    assert "digits/resnet20/class_dependent_noise@0.1#2" in read.text


def test_suspicious_samples_are_shown(read: Reader, study: Study) -> None:
    assert read.text.count("of the 6 most suspicious samples are glitches") == 6 * 4
    found = top_samples(select(study.store, "study"), View(signals=["gd_class"]))
    assert [len(trial.samples) for trial in found] == [1] * 6
    assert found[0].title == f"{GLITCHES.title('uniform_noise')} 10%, Digits, ResNet-20, seed 0"


def test_labels_and_names_from_the_data_are_text(writer: Writer) -> None:
    experiment = writer.experiment("evil")
    cell: dict[str, Any] = {
        "dataset": f"$x_{EVIL}",
        "model": EVIL,
        "glitch": "uniform_noise",
        "ratio": 0.1,
    }
    assert "$" in cell["dataset"], "which matplotlib would read as mathematics"
    for seed in range(3):
        writer.trial(experiment, None, artifacts=True, seed=seed, **cell)
    writer.trial(experiment, None, status="FAILED", seed=4, **cell)
    runs = select(Store(writer.uri), "evil")
    page = render(runs, View(), all_figures(runs, View(), ["figure2", "precision_recall"]))
    reader = Reader()
    reader.feed(page)
    assert reader.tags.count("script") == 1
    assert page.count("<script>") == 1
    assert "<b>x</b>" not in page
    assert "<script>alert(1)</script>" in reader.text


def test_pictures_are_dropped_before_the_page_grows_too_large() -> None:
    cells = [Trial(str(i), [TopSamples("s", "c", Markup.escape("x" * 100))]) for i in range(5)]
    assert fitting(cells, 350) == cells[:3]
    assert fitting(cells, 10_000) == cells
    assert fitting(cells, -5) == []
    assert LARGEST < 5_000_000


def test_the_command(study: Study, tmp_path: Path) -> None:
    common = ["--tracking-uri", study.uri, "--experiment", "study"]
    report.main([*common, "--only", "glitch=uniform_noise", "--out", str(tmp_path / "deep" / "er")])
    page = (tmp_path / "deep" / "er" / REPORT_FILE).read_text()
    assert "glitch = uniform_noise" in page
    assert "stripe" not in page
    with pytest.raises(UserError, match="--out"):
        report.main(common)


def test_a_grid_is_published_to_its_own_run(writer: Writer) -> None:
    experiment = writer.experiment("e")
    cell: dict[str, Any] = {
        "dataset": "digits",
        "model": "resnet20",
        "glitch": "uniform_noise",
        "ratio": 0.1,
    }
    early = writer.trial(experiment, None, artifacts=True, seed=0, **cell)
    other = writer.trial(experiment, None, artifacts=True, seed=1, **cell)
    hashes = [writer.client.get_run(early).data.tags["spec_hash"]]
    parent = writer.grid(experiment, "late", hashes)
    made = publish(writer.uri, parent)
    assert {"analysis/report.html", "analysis/claims.csv", "analysis/tables/detection.csv"} <= {
        *made
    }
    assert "analysis/figures/figure2.pdf" in made
    stored = Path(writer.client.download_artifacts(parent, "analysis/report.html"))
    assert "1 trials on Digits" in stored.read_text()
    assert other not in stored.read_text()


def test_a_grid_without_a_finished_trial_publishes_nothing(writer: Writer) -> None:
    parent = writer.grid(writer.experiment("e"), "empty", [])
    assert publish(writer.uri, parent) == []


def test_a_page_that_cannot_be_made_costs_the_grid_nothing(
    writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    publication.publish(writer.uri, "0" * 32)
    assert "no tables and figures were stored with the grid" in caplog.text
    assert "python -m analysis.report" in caplog.text
