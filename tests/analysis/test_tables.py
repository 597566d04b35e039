"""Tables as a user gets them."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console
from run_writer import SIGNAL_NAMES, Study, Writer

from analysis import tables
from analysis.choices import TABLES
from analysis.paper.tables import all_tables
from analysis.reading.selection import select
from analysis.reading.store import Store
from analysis.rendering.formats import FORMATS
from analysis.rendering.table import Table
from analysis.rendering.terminal import print_table
from analysis.stats.view import View
from common.errors import UserError
from glitches import GLITCHES

title = GLITCHES.title
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made(study: Study) -> dict[str, Table]:
    frames = select(study.store, "study").frames
    return {table.name: table for table in all_tables(frames, View())}


def test_every_layout_is_filled(made: dict[str, Table]) -> None:
    assert set(made) == set(TABLES)


def test_cells_are_means_over_seeds_of_what_was_logged(
    made: dict[str, Table], study: Study
) -> None:
    client = study.store.client
    logged = [
        client.get_run(study.runs[f"wine/near_clustered_anomalies#{seed}"]).data.metrics
        for seed in range(3)
    ]
    data = made["detection"].data.query("glitch == 'near_clustered_anomalies'")
    for signal in SIGNAL_NAMES:
        mean = sum(metrics[f"f1/{signal}"] for metrics in logged) / 3
        assert data.set_index("column").at[signal, "mean"] == pytest.approx(mean)


def test_missing_seeds_and_failed_trials_are_said(made: dict[str, Table]) -> None:
    rows = {row.keys: row for row in made["detection"].rows}
    noise = rows["Digits", "ResNet-20", title("class_dependent_noise"), "10% (n=2, 1 failed)"]
    assert {cell.remark for cell in noise.cells} == {""}
    assert ("Digits", "ResNet-20", title("uniform_noise"), "10% (1 running)") in rows
    old = rows["Digits", "ResNet-20", title("uniform_noise"), "30% (n=1)"]
    assert [cell.text != "" for cell in old.cells] == [True, True, False, False]


def test_means_over_fewer_settings_than_others_say_so(made: dict[str, Table], study: Study) -> None:
    rows = {row.keys for row in made["ranks"].rows}
    assert {(title("uniform_noise"),), ("stripe outliers (1 setting)",)} <= rows
    assert "Mean over 2 settings ± standard deviation over 3 seeds" in made["ranks"].caption
    frames = select(study.store, "study").frames
    by_glitch = all_tables(frames, View(by=["glitch"]), ["detection"])[0]
    noise = next(
        row for row in by_glitch.rows if row.keys == (f"{title('uniform_noise')} (1 running)",)
    )
    # the old run lacks two signals: their means rest on fewer settings
    assert [cell.remark for cell in noise.cells[2:]] == ["2 settings"] * 2


def test_a_cell_whose_every_trial_failed_keeps_its_row(writer: Writer) -> None:
    experiment = writer.experiment("e")
    cell: dict[str, Any] = {"dataset": "wine", "model": "mlp", "ratio": 0.1}
    writer.trial(experiment, None, glitch="uniform_noise", seed=0, **cell)
    writer.trial(
        experiment, None, status="FAILED", glitch="near_clustered_anomalies", seed=0, **cell
    )
    frames = select(Store(writer.uri), "e").frames
    table = all_tables(frames, View())[0]
    assert table.rows[1].keys[-1] == "10% (1 failed)"
    assert {cell.text for cell in table.rows[1].cells} == {""}


def test_the_ranking_stands_beside_the_own_threshold(writer: Writer) -> None:
    experiment = writer.experiment("e")
    run = writer.trial(
        experiment, None, dataset="wine", model="mlp", glitch="uniform_noise", ratio=0.1, seed=0
    )
    writer.client.log_metric(run, "threshold_f1/self_influence", 0.625)
    logged = writer.client.get_run(run).data.metrics
    frames = select(Store(writer.uri), "e").frames
    (table,) = all_tables(frames, View(), ["thresholds"])
    rows = {row.keys[-1]: [cell.text for cell in row.cells] for row in table.rows}
    f1 = f"{logged['f1/self_influence']:.2f}"
    assert len(rows) == len(SIGNAL_NAMES)
    assert rows["SI"][0] == f1
    assert rows["SI"][2:] == ["0.62", ""]
    assert rows["MI"][2:] == ["", ""]


def test_the_best_is_marked_as_printed(made: dict[str, Table]) -> None:
    for row in made["detection"].rows:
        shown = [float(cell.text.split(" ")[0]) for cell in row.cells if cell.text]
        best = [float(cell.text.split(" ")[0]) for cell in row.cells if cell.best]
        assert set(best) <= {max(shown)}
        assert bool(best) == (len(set(shown)) > 1)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_terminal_tables_fit_the_window(made: dict[str, Table], width: int) -> None:
    for table in made.values():
        out = io.StringIO()
        print_table(table, Console(file=out, width=width))
        lines = out.getvalue().splitlines()
        assert max(map(len, lines)) <= width
        headings = " ".join(table.columns.values()).split()
        assert all(word in out.getvalue() for word in headings)


def test_columns_that_do_not_fit_are_printed_in_parts(made: dict[str, Table]) -> None:
    table = made["detection"]
    many = {f"s{i}": f"signal{i}" for i in range(20)}
    one = table.data[table.data["column"] == "self_influence"]
    wide = replace(table, columns=many, data=pd.concat([one.assign(column=c) for c in many]))
    out = io.StringIO()
    print_table(wide, Console(file=out, width=80))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert all(text.split().count(heading) == 1 for heading in many.values())
    parts = text.count("glitch ")
    assert parts > 1
    assert text.count("1 failed") == text.count("Digits · ResNet-20") == parts


def test_keys_are_said_once_and_broken_where_they_are_long(made: dict[str, Table]) -> None:
    out = io.StringIO()
    table = made["epochs"]
    long = table.data.assign(glitch=table.data["glitch"] + "(with=a rather long option of it)")
    print_table(replace(table, data=long), Console(file=out, width=90))
    lines = out.getvalue().splitlines()
    assert sum("stripe" in line for line in lines) == 1
    assert max(map(len, lines)) <= 90


@pytest.mark.parametrize("style", FORMATS)
def test_text_from_the_data_cannot_break_a_format(made: dict[str, Table], style: str) -> None:
    data = made["seconds"].data.assign(dataset="<script>_&|%$#{}~^\\")
    table = Table("x", "t", "n", ["dataset", "model"], made["seconds"].columns, data, best=None)
    text = FORMATS[style][1](table)
    if style == "html":
        assert "<script>" not in text
    if style == "markdown":
        assert "\\|" in text
    if style == "latex":
        assert r"<script>\_\&|\%\$\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}" in text


def test_as_a_file_from_elsewhere(study: Study, tmp_path: Path) -> None:
    """Run as users do, from another directory: sibling modules must not shadow the library's."""
    command = [sys.executable, str(PROJECT / "analysis" / "tables.py")]
    options = ["--tracking-uri", study.uri, "--experiment", "study", "--out", str(tmp_path / "o")]
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Digits · ResNet-20" in done.stdout
    assert "Not counted: 1 running" in done.stdout
    assert {p.stem for p in (tmp_path / "o").glob("*.csv")} == set(TABLES)
    written = pd.read_csv(tmp_path / "o" / "detection.csv")
    assert {"glitch", "column", "mean", "sd", "seeds", "best"} <= set(written.columns)


def test_other_metrics_groups_and_formats(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--tracking-uri", study.uri, "--experiment", "study", "--table", "detection"]
    tables.main([*common, "--metric", "roc_auc", "--by", "glitch", "--format", "markdown"])
    printed = capsys.readouterr().out
    assert printed.startswith("**ROC AUC of each signal.**")
    assert "| glitch | SI | MI | AAI | GD-class |" in printed
    tables.main([*common, "--format", "latex", "--out", str(tmp_path)])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["detection.csv", "detection.tex"]
    assert r"\toprule" in (tmp_path / "detection.tex").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--table", "detction"], "unknown table 'detction'"),
        (["--by", "glich"], "unknown group 'glich'"),
        (["--signals", "self_influence+sefl"], "unknown signal 'sefl'"),
        (["--metric", "f2"], "unknown metric 'f2'"),
        (["--experimnt", "x"], "unrecognized arguments: --experimnt"),
    ],
)
def test_bad_options_end_with_one_line(study: Study, arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        tables.main(["--tracking-uri", study.uri, "--experiment", "study", *arguments])
