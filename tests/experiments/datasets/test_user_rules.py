"""Rules for ambiguous and unusual user data: read as intended, noted, or refused in one line."""

from __future__ import annotations

import datetime as dt
import gzip
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.datasets.user.encoding import encoded_features, numeric_features
from experiments.datasets.user.labels import encoded_labels, name_notes


def load(path: Path) -> Dataset:
    return source_for(str(path), None).load(DataOptions())


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as error:
        load(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def folder_of(root: Path, *classes: str, count: int = 3) -> Path:
    for value, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            pixels = np.full((4, 6), 60 * value + i, np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    return root


def csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        (["a,label", "1,x,", "2,y,"], 0),
        (["a,label", "1,x", "2"], 1),
        (["a,label", "1,x", "2,y,z"], 1),
    ],
)
def test_rows_of_unequal_length_are_refused_with_their_number(
    rows: list[str], number: int, tmp_path: Path
) -> None:
    assert f"row {number} has" in refusal(csv(tmp_path / "t.csv", *rows))


def test_missing_marks_are_missing_numbers_but_text_categories_and_classes(tmp_path: Path) -> None:
    rows = ["n,continent,label", "1,NA,None", "NA,EU,Mild", "3,NA,None", "4,EU,Mild"]
    data = load(csv(tmp_path / "t.csv", *rows))
    assert data.class_names == ("Mild", "None")
    assert data.feature_names == ("n", "missingindicator_n", "continent_EU", "continent_NA")


@pytest.mark.parametrize("name", ["T.CSV", "t.csv.gz", "t.tsv"])
def test_suffixes_of_text(name: str, tmp_path: Path) -> None:
    separator = "\t" if name.endswith("tsv") else ","
    content = "\n".join(
        separator.join(row) for row in (["a", "label"], *[["1", "x"], ["2", "y"]] * 2)
    )
    raw = gzip.compress(content.encode()) if name.endswith("gz") else content.encode()
    (tmp_path / name).write_bytes(raw)
    assert load(tmp_path / name).x.ravel().tolist() == [1, 2, 1, 2]


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    data = load(csv(tmp_path / "t.csv", "a;label", *["1,5;x", "2;y"] * 2))
    assert data.x.ravel().tolist() == [1.5, 2, 1.5, 2]
    assert any("decimal commas" in note for note in data.notes)


def test_a_repeated_header(tmp_path: Path) -> None:
    rows = [f"{i},{i % 3},{'xy'[i % 2]}" for i in range(6)]
    data = load(csv(tmp_path / "t.csv", "a,a,label", *rows))
    assert data.feature_names == ("a", "a.1")
    assert any("more than once" in note for note in data.notes)
    assert "more than one column 'label'" in refusal(
        csv(tmp_path / "u.csv", "a,label,label", *rows)
    )


def test_parquet_types(tmp_path: Path) -> None:
    label = pa.array(["p", "q"] * 4)
    days = pa.array(range(8), pa.int32())
    table = pa.table(
        {
            "day": days.cast(pa.date32()),
            "time": days.cast(pa.time32("s")),
            "span": days.cast(pa.int64()).cast(pa.duration("s")),
            "raw": pa.array([b"u", b"v"] * 4),
            "label": label,
        }
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    data = load(tmp_path / "t.parquet")
    assert data.feature_names == ("day", "time", "span", "raw_u", "raw_v")
    assert data.x[:, 0].tolist() == list(range(8))
    nested = pa.table(
        {"bad": pa.array([[1.0]] * 8), "worse": pa.array([{"a": 1}] * 8), "label": label}
    )
    parquet.write_table(nested, tmp_path / "n.parquet")
    assert "bad (list" in refusal(tmp_path / "n.parquet")


def informative(values: np.ndarray) -> np.ndarray:
    """The column in float32, standardised."""
    x = numeric_features("x", values[:, None]).x[:, 0].astype(np.float64)
    return np.asarray((x - x.mean()) / x.std())


@pytest.mark.parametrize(
    ("scale", "offset"), [(1, 1e9), (1, 1.7e12), (1e-30, 0), (1e30, 0), (1, 0)]
)
def test_offsets_and_scales_lose_nothing(scale: float, offset: float) -> None:
    values = np.random.default_rng(0).normal(size=200)
    expected = (values - values.mean()) / values.std()
    assert np.abs(informative(values * scale + offset) - expected).max() < 2e-3


def test_times_within_one_day(tmp_path: Path) -> None:
    rows = [f"2024-05-01 10:{i % 50:02}:00,{'xy'[i % 2]}" for i in range(100)]
    data = load(csv(tmp_path / "t.csv", "when,label", *rows))
    minutes = data.x[:, 0].astype(np.float64) * 24 * 60
    assert np.abs(minutes - minutes.min() - np.arange(100) % 50).max() < 0.01


@pytest.mark.parametrize("mark", ["1e25", "-9.99e33", "-99999"])
def test_cells_far_outside_their_column_are_missing(mark: str, tmp_path: Path) -> None:
    rows = [f"{mark if i % 9 == 0 else i % 7},{'xy'[i % 2]}" for i in range(90)]
    data = load(csv(tmp_path / "t.csv", "a,label", *rows))
    assert data.feature_names == ("a", "missingindicator_a")
    assert data.x[:, 0].max() <= 6
    assert data.x[:, 1].sum() == 10
    assert any("10 cells far outside" in note and "row 0" in note for note in data.notes)


def test_hidden_folders_and_files_are_left_out(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b", ".ipynb_checkpoints", "__MACOSX", "a/.ipynb_checkpoints")
    (tmp_path / "a" / "._0.png").write_bytes(b"junk")
    (tmp_path / "a" / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    data = load(tmp_path)
    assert data.class_names == ("a", "b")
    assert len(data) == 6
    assert any(note.startswith("4 hidden or system") for note in data.notes)
    assert any("notes.txt" in note and note.startswith("1 files") for note in data.notes)
    assert any("'empty'" in note for note in data.notes)


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".JPG", ".bin", ""])
def test_images_are_known_by_content(suffix: str, tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b")
    Image.new("L", (6, 4), 9).save(tmp_path / "a" / f"more{suffix}", "JPEG")
    assert len(load(tmp_path)) == 7


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (("train/a", "train/b", "test/a", "test/b"), "parts test, train instead of classes"),
        (("images/a", "images/b"), "name 'images' itself"),
        ((".",), "no class folders"),
    ],
)
def test_folders_that_are_not_classes(
    classes: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    assert reason in refusal(folder_of(tmp_path, *classes))


def test_a_table_next_to_class_folders(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b")
    csv(tmp_path / "metadata.csv", "file_name,label", "a/0.png,a")
    assert "tables and folders of images" in refusal(tmp_path)


def test_special_files_do_not_hang(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    (tmp_path / "a" / "gone.png").symlink_to("nowhere.png")
    data = load(tmp_path)
    assert len(data) == 6
    assert any(note.startswith("2 special files or broken links") for note in data.notes)
    csv(tmp_path / "list.csv", "file,label", *["a/pipe.png,x", "a/0.png,y"] * 2)
    assert "row 0" in refusal(tmp_path / "list.csv")
    os.mkfifo(tmp_path / "t.csv")
    assert "neither a regular file" in refusal(tmp_path / "t.csv")


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b")
    (tmp_path / "b").rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    assert load(tmp_path).class_names == ("a", "caf\\xe9")


@pytest.mark.parametrize("name", ["filename", "File_Name", "image_path"])
def test_other_names_of_the_column_of_files(name: str, tmp_path: Path) -> None:
    folder_of(tmp_path, "a")
    rows = [f"a{chr(92)}{i % 3}.png,{'xy'[i % 2]}" for i in range(6)]
    data = load(csv(tmp_path / "list.csv", f"{name},label", *rows))
    assert data.modality == "image"
    assert any(name in note for note in data.notes)
    assert any("backslashes" in note for note in data.notes)
    assert any("3 rows name a file again" in note for note in data.notes)
    assert "rename it to 'file'" in refusal(
        csv(tmp_path / "odd.csv", "picture,label", *(row.replace(chr(92), "/") for row in rows))
    )


def test_a_link_that_leaves_the_folder_of_the_list(tmp_path: Path) -> None:
    inside = folder_of(tmp_path / "in", "a")
    Image.new("L", (6, 4)).save(tmp_path / "secret.png")
    (inside / "a" / "link.png").symlink_to(tmp_path / "secret.png")
    assert "outside the folder" in refusal(
        csv(inside / "list.csv", "file,label", *["a/link.png,x", "a/0.png,y"] * 2)
    )


def digits(folder: Path, save: object) -> Dataset:
    assert callable(save)
    ramp = np.linspace(0, 1, 24).reshape(4, 6)
    for name in "ab":
        (folder / name).mkdir()
        for i in range(2):
            save(ramp, folder / name / f"{i}.tif")
    return load(folder)


@pytest.mark.parametrize(
    ("dtype", "top"), [(np.float32, 1), (np.float32, 4095), (np.int32, 60000), (np.uint16, 4095)]
)
def test_deep_images_use_their_own_range(dtype: type, top: int, tmp_path: Path) -> None:
    data = digits(tmp_path, lambda x, path: Image.fromarray((x * top).astype(dtype)).save(path))
    assert data.x.min() == 0
    assert data.x.max() == 255
    assert len(np.unique(data.x)) == 24
    assert any("more than 8 bits" in note for note in data.notes)


@pytest.mark.parametrize("ink", [0, 255])
def test_shapes_in_the_alpha_channel_show(ink: int, tmp_path: Path) -> None:
    def save(x: np.ndarray, path: Path) -> None:
        pixels = np.full((*x.shape, 4), ink, np.uint8)
        pixels[..., 3] = np.rint(x * 255)
        Image.fromarray(pixels).save(path)

    data = digits(tmp_path, save)
    assert int(data.x.max()) - int(data.x.min()) == 255
    assert any("transparent" in note for note in data.notes)


def test_of_several_frames_the_one_with_contrast_is_used(tmp_path: Path) -> None:
    def save(x: np.ndarray, path: Path) -> None:
        first = Image.new("L", (6, 4))
        first.save(path, save_all=True, append_images=[Image.fromarray(np.uint8(x * 255))])

    data = digits(tmp_path, save)
    assert data.x.max() == 255
    assert any("several frames" in note for note in data.notes)


def test_images_that_do_not_fit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, "a", "b")
    monkeypatch.setattr("experiments.machine.available_mib", lambda: 0.0)
    assert "MiB of memory" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_tables_that_do_not_fit_are_refused_before_they_are_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({f"f{i}": np.arange(1000) % (3 + i) for i in range(20)})
    frame = frame.assign(label=np.arange(1000) % 2)
    write = frame.to_parquet if name.endswith("parquet") else frame.to_csv
    write(tmp_path / name, index=False)
    monkeypatch.setattr("experiments.machine.available_mib", lambda: 1.0)
    said = refusal(tmp_path / name)
    assert "1000 rows of 21 columns need about" in said
    assert said.endswith("1 are free")


def test_a_small_gzip_file_that_holds_more_than_memory_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,label\n" + b"1,2\n" * 10**7))
    for module in ("machine", "datasets.user.delimited_text"):
        monkeypatch.setattr(f"experiments.{module}.available_mib", lambda: 10.0)
    assert "at least 2621441 bytes of text need about 10 MiB" in refusal(tmp_path / "t.csv.gz")


def test_categories_are_counted_before_they_are_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"c": [f"c{i % 30}" for i in range(6000)], "label": [0, 1] * 3000})
    frame.to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.setattr("experiments.machine.available_mib", lambda: 1.0)
    assert "6000 rows of 31 features, one for each category, need" in refusal(tmp_path / "t.csv")


def test_dates_beyond_the_range_of_nanoseconds(tmp_path: Path) -> None:
    days = [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1970, 1, 2)] * 4
    table = pa.table({"day": days, "a": range(12), "label": ["p", "q"] * 6})
    parquet.write_table(table, tmp_path / "t.parquet")
    seconds = table.set_column(0, "day", table["day"].cast(pa.timestamp("s", "UTC")))
    parquet.write_table(seconds, tmp_path / "s.parquet")
    for name in ("t", "s"):
        assert load(tmp_path / f"{name}.parquet").x[:3, 0].tolist() == [-719162, 2932896, 1]
    frame = encoded_features("data", pd.DataFrame({"day": days}))
    assert frame.x[:3, 0].tolist() == [-719162, 2932896, 1]


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(np.zeros(20, [("a", "i4")]), id="structured"),
        pytest.param(np.zeros(20, "V4"), id="raw bytes"),
        pytest.param(np.array([b"\xff", b"\xfe"] * 10), id="bytes that are not UTF-8"),
    ],
)
def test_arrays_that_are_no_labels(labels: np.ndarray, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", x=np.arange(40.0).reshape(20, 2), y=labels)
    assert "'y'" in refusal(tmp_path / "t.npz")


def test_labels_of_bytes() -> None:
    values = pd.Series([b"a", b"b", b"a", b"b"], dtype=object)
    assert encoded_labels("labels", values)[1] == ("a", "b")
    with pytest.raises(UserError, match="not UTF-8"):
        encoded_labels("labels", pd.Series([b"\xff", b"\xfe"] * 2, dtype=object))


def test_binary_columns_of_parquet(tmp_path: Path) -> None:
    labels = ["p", "q"] * 6
    fixed = pa.array([b"ab", b"cd", b"cd"] * 4, pa.binary(2))
    parquet.write_table(pa.table({"b": fixed, "label": labels}), tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet").x.shape == (12, 2)
    parquet.write_table(pa.table({"b": [b"\xff"] * 12, "label": labels}), tmp_path / "u.parquet")
    assert "column 'b'" in refusal(tmp_path / "u.parquet")


def test_the_line_that_excel_puts_before_the_header(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("sep=;\na;label\n" + "1;p\n2;q\n" * 6)
    assert "'sep=;'" in refusal(tmp_path / "t.csv")


def test_class_names_that_hardly_differ_or_hide_something() -> None:
    assert name_notes(["red", "blue", "a b", "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{BOY}"]) == []
    assert "begin or end with a space" in name_notes([" red", " blue"])[0]
    form, *rest = name_notes(["e\u0301", "\u00e9", "x"])
    assert "Unicode form" in form
    assert rest == []
    alike, unseen = name_notes(["red", "red\u200b"])
    assert "kept apart" in alike
    assert "'red\\u200b'" in unseen


def test_a_single_class_with_a_long_name(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,label\n" + ("1," + "p" * 5000 + "\n") * 6)
    assert len(refusal(tmp_path / "t.csv")) < 400


@pytest.mark.parametrize("name", ["https://h.example/a.png", "file:///a.png"])
def test_image_lists_of_addresses(name: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,label\n" + f"{name},p\n{name},q\n" * 6)
    message = refusal(tmp_path / "t.csv")
    assert "relative paths" in message
    assert name in message


@pytest.mark.parametrize("offset", [2**62, -(2**62), 2**63 + 5])
def test_whole_numbers_that_float64_would_round(offset: int, tmp_path: Path) -> None:
    """A rounded offset would make the cells of the column equal."""
    small = np.arange(13) * 3
    kind = np.int64 if offset < 2**63 else np.uint64
    large = np.array([offset + int(v) for v in small], kind)
    expected = (small - small[6]).tolist()
    array = numeric_features("x", np.column_stack([large, large]))
    assert array.x[:, 1].tolist() == expected
    assert f"column 0 has a large offset: {offset + 18} was subtracted" in array.notes
    frame = pd.DataFrame({"a": large, "label": list("pq") * 6 + ["p"]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = load(tmp_path / "t.csv")
    assert table.x[:, 0].tolist() == expected
    assert f"column 'a' has a large offset: {offset + 18} was subtracted" in table.notes


def test_a_mark_for_no_data_among_small_whole_numbers() -> None:
    x = np.array([[v % 5] for v in range(30)], np.int64)
    x[3] = np.iinfo(np.int64).min
    features = numeric_features("x", x)
    assert features.x[:3, 0].tolist() == [0, 1, 2]
    assert "far outside its range" in features.notes[0]


def test_times_of_day_are_hours_and_classes_that_read_as_times(tmp_path: Path) -> None:
    clock = [dt.time(8, 30), dt.time(22), None, dt.time(8, 30)] * 5
    table = pa.table({"at": pa.array(clock, pa.time64("ns")), "label": list("pq") * 10})
    parquet.write_table(table, tmp_path / "t.parquet")
    frame = pd.DataFrame({"at": clock})
    for data in (load(tmp_path / "t.parquet"), encoded_features("data", frame)):
        assert data.x[:4, 0].tolist() == [8.5, 22, 8.5, 8.5]
        assert data.x[:4, 1].tolist() == [0, 0, 1, 0]
    shifts = pa.table({"a": range(20), "label": [dt.time(6), dt.time(22, 15)] * 10})
    parquet.write_table(shifts, tmp_path / "u.parquet")
    assert load(tmp_path / "u.parquet").class_names == ("06:00:00", "22:15:00")


def test_two_links_to_one_class_folder_are_refused(tmp_path: Path) -> None:
    base = folder_of(tmp_path / "base", "a", "b", "b/deeper")
    root = tmp_path / "root"
    root.mkdir()
    for name, place in {"a": "a", "b": "b"}.items():
        (root / name).symlink_to(base / place)
    assert load(root).class_names == ("a", "b")
    for place in ("b", "b/deeper", "."):
        (root / "c").symlink_to(base / place)
        assert "links to the same images" in refusal(root)
        (root / "c").unlink()


@pytest.mark.parametrize("suffix", ["", ".bin", ".0001"])
def test_listed_files_without_the_suffix_of_an_image(suffix: str, tmp_path: Path) -> None:
    for i in range(4):
        Image.new("L", (6, 4), i).save(tmp_path / f"scan{i}{suffix}", "PNG")
    rows = [f"scan{i}{suffix},{'xy'[i % 2]}" for i in range(4)]
    data = load(csv(tmp_path / "list.csv", "file,label", *rows))
    assert data.x[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert "rename it to 'file'" in refusal(csv(tmp_path / "odd.csv", "picture,label", *rows))


def test_long_cells_are_no_files(tmp_path: Path) -> None:
    rows = [f"{'word ' * 900}{i % 3},{'xy'[i % 2]}" for i in range(12)]
    assert load(csv(tmp_path / "t.csv", "file,label", *rows)).modality == "tabular"


def test_a_quote_that_is_not_closed_is_refused(tmp_path: Path) -> None:
    rows = [f"{'xy'[i % 2]},note {i}" for i in range(12)]
    rows[4] = 'x,"note 4'
    assert "quote before 'note 4' is not closed, so that the 7 lines" in refusal(
        csv(tmp_path / "t.csv", "label,text", *rows)
    )


def test_cells_and_names_of_several_lines(tmp_path: Path) -> None:
    rows = [f'{i % 5},"note\n{i % 3}",{"xy"[i % 2]}' for i in range(12)]
    rows[0] = "0,note,x"
    data = load(csv(tmp_path / "t.csv", '"a\nb",text,label', *rows))
    assert data.feature_names[0] == "a\nb"
    assert "column 'text' has line breaks in 11 cells, the first in row 1" in data.notes[0]


def test_dates_that_are_missing_or_none(tmp_path: Path) -> None:
    rows = [f"2024-01-{1 + i % 28:02},{'xy'[i % 2]}" for i in range(40)]
    rows[3] = "NA,x"
    data = load(csv(tmp_path / "t.csv", "day,label", *rows))
    assert data.feature_names == ("day", "missingindicator_day")
    rows[5] = "2024-02-30,y"
    assert "holds dates, but '2024-02-30' in row 5 is none" in refusal(
        csv(tmp_path / "t.csv", "day,label", *rows)
    )


def test_dates_with_and_without_a_time_zone_are_refused() -> None:
    mixed = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 2)] * 6
    with pytest.raises(UserError, match="'2024-01-02 00:00:00' in row 1"):
        encoded_features("data", pd.DataFrame({"at": mixed}))
    zones = [dt.timezone(dt.timedelta(hours=h)) for h in (0, 2)]
    moments = [dt.datetime(2024, 1, 1, 2 * i, tzinfo=zone) for i, zone in enumerate(zones)]
    assert encoded_features("data", pd.DataFrame({"at": moments * 6})).x.std() == 0


def test_texts_as_categories_make_no_long_names(tmp_path: Path) -> None:
    rows = [f"{'word ' * 100}{i % 3},{'xy'[i % 2]}" for i in range(12)]
    names = load(csv(tmp_path / "t.csv", "text,label", *rows)).feature_names
    assert len(set(names)) == 3
    assert max(map(len, names)) < 110


def test_decimals_are_numbers() -> None:
    cells = [Decimal("1.5"), None, Decimal("-2")] * 4
    assert encoded_features("data", pd.DataFrame({"a": cells})).x[:3, 0].tolist() == [
        1.5,
        -0.25,
        -2,
    ]


def test_repeated_names_in_parquet_files(tmp_path: Path) -> None:
    a, b, label = pa.array(range(12)), pa.array([5, 1, 2] * 4), pa.array(list("pq") * 6)
    parquet.write_table(
        pa.Table.from_arrays([a, b, label], names=["a", "a", "label"]), tmp_path / "t.parquet"
    )
    assert load(tmp_path / "t.parquet").feature_names == ("a", "a.1")
    twice = pa.Table.from_arrays([a, label, label], names=["a", "label", "label"])
    parquet.write_table(twice, tmp_path / "u.parquet")
    assert "more than one column 'label'" in refusal(tmp_path / "u.parquet")


def test_the_folder_of_a_parquet_file_adds_no_columns(tmp_path: Path) -> None:
    (tmp_path / "year=2024").mkdir()
    table = pa.table({"a": range(12), "label": list("pq") * 6})
    parquet.write_table(table, tmp_path / "year=2024" / "t.parquet")
    assert load(tmp_path / "year=2024" / "t.parquet").feature_names == ("a",)


@pytest.mark.parametrize("names", [("train_set", "test_set"), ("Train data", "validation-data")])
def test_parts_with_longer_names(names: tuple[str, str], tmp_path: Path) -> None:
    assert "instead of classes" in refusal(folder_of(tmp_path, *names))
    assert load(folder_of(tmp_path / "classes", "test1", "test2")).class_names == ("test1", "test2")


@pytest.mark.parametrize("first", ["", "a/0.png "])
def test_lists_whose_first_name_is_wrong_name_its_row(first: str, tmp_path: Path) -> None:
    folder_of(tmp_path, "a")
    rows = [f"{first},x", *(f"a/{i % 3}.png,{'xy'[i % 2]}" for i in range(6))]
    assert "row 0" in refusal(csv(tmp_path / "list.csv", "file,label", *rows))


def test_labels_beyond_64_bits_stay_apart(tmp_path: Path) -> None:
    codes = [2**64 + 1, 2**64 + 3, 7]
    rows = [f"{codes[i % 3]},{i % 4},{codes[i % 3]}" for i in range(24)]
    data = load(csv(tmp_path / "t.csv", "code,a,label", *rows))
    assert data.class_names == ("18446744073709551617", "18446744073709551619", "7")
    assert data.x[:3, 0].std() > 0
    rows[0] = "NA,0,7"
    data = load(csv(tmp_path / "t.csv", "code,a,label", *rows))
    assert data.feature_names == ("code", "a", "missingindicator_code")
