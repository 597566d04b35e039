"""A repair changes labels and drops rows; nothing else of the source changes."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.repair.decisions import Decisions
from experiments.repair.rewrite import Repaired, target_of, write_repaired

NOTHING = Decisions(*(np.empty(0, dtype=np.int64) for _ in range(3)))
SOME = Decisions(np.array([0, 1]), np.array([2, 0]), np.array([3]))
"""Row 0 gets the third class, row 1 the first one, row 3 is dropped."""


def repaired(path: Path, out: Path, decisions: Decisions = SOME) -> Path:
    source = source_for(str(path), None)
    data = source.load(DataOptions())
    kept, labels = decisions.apply(data.y)
    out.mkdir(exist_ok=True)
    return write_repaired(source, Repaired(data, None, kept, labels), target_of(source, out))


ROWS = [
    ["zip", "region", "visits", "note", "price", "label"],
    ["08133", "NA", "", '"a, ""b"""', "12.50", "red"],
    ["00501", "EU", "2", '"two\nlines"', "6E2", "NA"],
    ["10001", "NA", "3", '""', "600", '"blue"'],
    ["08133", "AS", "", "true", "1e3", "red"],
    ["20500", "EU", "4", "x", "0.10", "NA"],
    ["10001", "NA", "5", "y", "7", '"blue"'],
]


def text(separator: str, end: str, closing: str) -> str:
    rows = [separator.join(cell.replace(",", separator) for cell in row) for row in ROWS]
    return end.join(rows).replace("two\nlines", f"two{end}lines") + closing


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("end", "closing"), [("\n", "\n"), ("\r\n", "\r\n"), ("\n", ""), ("\r", "\r\r")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_untouched_text_keeps_every_byte(
    tmp_path: Path, separator: str, end: str, closing: str, encoding: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text(separator, end, closing).encode(encoding))
    copy = repaired(path, tmp_path / "out", NOTHING)
    assert copy.name == "repaired.csv"
    assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_only_labels_and_rows_of_text_change(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text(",", "\r\n", "\r\n").encode(encoding))
    # classes in order: NA, blue, red; a label is spelled as in the file, quotes included
    expected = [ROWS[0], [*ROWS[1][:5], "red"], [*ROWS[2][:5], "NA"], ROWS[3], *ROWS[5:]]
    copy = repaired(path, tmp_path / "out", SOME)
    assert (
        copy.read_bytes().decode(encoding)
        == "\r\n".join(",".join(row).replace("two\nlines", "two\r\nlines") for row in expected)
        + "\r\n"
    )
    other = Decisions(np.array([4]), np.array([1]), np.array([0]))
    assert b'"blue"' in repaired(path, tmp_path / "more", other).read_bytes().replace(b"\0", b"")


def test_compressed_text_stays_compressed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(text(",", "\n", "\n").encode()))
    copy = repaired(path, tmp_path / "out", NOTHING)
    assert copy.name == "repaired.csv.gz"
    assert gzip.decompress(copy.read_bytes()) == gzip.decompress(path.read_bytes())


def typed_table() -> pa.Table:
    n = 12
    table = pa.table(
        {
            "f": pa.array(np.arange(n) % 5 / 7),
            "visits": pa.array([None if i % 4 == 0 else i % 3 for i in range(n)], pa.int64()),
            "price": pa.array([Decimal(i % 5) / 100 for i in range(n)], pa.decimal128(10, 2)),
            "ok": pa.array([None if i == 2 else i % 2 == 0 for i in range(n)], pa.bool_()),
            "when": pa.array([i % 5 * 10**6 for i in range(n)], pa.timestamp("s", "Europe/Berlin")),
            "day": pa.array([i % 5 for i in range(n)], pa.date32()),
            "cat": pa.array([f"c{i % 3}" for i in range(n)]).dictionary_encode(),
            "u8": pa.array([i % 5 for i in range(n)], pa.uint8()),
            "label": pa.array(
                [("red", "green", "blue")[i % 3] for i in range(n)]
            ).dictionary_encode(),
        }
    )
    return table.replace_schema_metadata({"made by": "a test"})


def test_untouched_parquet_is_equal(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(typed_table(), path, row_group_size=5, compression="zstd")
    copy = repaired(path, tmp_path / "out", NOTHING)
    given, written = parquet.ParquetFile(path), parquet.ParquetFile(copy)
    assert written.schema_arrow.equals(given.schema_arrow, check_metadata=True)
    assert written.read().equals(given.read(), check_metadata=True)
    for one in (given, written):
        groups = [one.metadata.row_group(i) for i in range(one.metadata.num_row_groups)]
        assert [group.num_rows for group in groups] == [5, 5, 2]
        assert groups[0].column(0).compression == "ZSTD"


def test_only_labels_and_rows_of_parquet_change(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(typed_table(), path)
    written = parquet.read_table(repaired(path, tmp_path / "out"))
    expected = parquet.read_table(path).take([0, 1, 2, *range(4, 12)])
    assert written.column("label").to_pylist()[:3] == ["red", "blue", "blue"]
    assert written.drop_columns("label").equals(expected.drop_columns("label"))
    assert written.schema.equals(parquet.read_schema(path), check_metadata=True)


def test_a_folder_of_tables_keeps_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "a.csv").write_text("x,label\n01,p\n02,q\n03,r\n04,p\n")
    (folder / "b.csv").write_text("label;x\r\nq;5\r\nr;6\r\n")
    out = repaired(folder, tmp_path / "out")
    assert (out / "a.csv").read_text() == "x,label\n01,r\n02,p\n03,r\n"
    assert (out / "b.csv").read_bytes() == b"label;x\r\nq;5\r\nr;6\r\n"


@pytest.mark.parametrize("y", [np.arange(30) % 3 + 5, np.array(["p", "q", "r"])[np.arange(30) % 3]])
def test_arrays_keep_their_types_and_all_others(y: np.ndarray, tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((30, 4))
    more = {"ids": np.arange(30), "x_test": np.zeros((30, 4)), "about": np.array("text")}
    np.savez(tmp_path / "a.npz", x=x, y=y[:, None], allow_pickle=True, **more)
    with np.load(repaired(tmp_path / "a.npz", tmp_path / "out"), allow_pickle=False) as stored:
        assert set(stored) == {"x", "y", *more}
        assert (stored["x"] == np.delete(x, 3, axis=0)).all()
        assert stored["x"].dtype == x.dtype
        assert stored["y"][:3].tolist() == [[y[2]], [y[0]], [y[2]]]
        assert stored["y"].dtype == y.dtype
        assert stored["ids"].tolist() == [0, 1, 2, *range(4, 30)]
        assert stored["x_test"].shape == (30, 4)


def test_parts_of_arrays_keep_their_form(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for part, rows in (("train", range(4)), ("val", range(4, 9))):
        np.save(folder / f"N_{part}.npy", np.array(rows, np.float32)[:, None])
        np.save(folder / f"y_{part}.npy", np.array(rows) % 3)
    out = repaired(folder, tmp_path / "out")
    assert np.load(out / "y_train.npy").tolist() == [2, 0, 2]
    assert np.load(out / "N_train.npy").ravel().tolist() == [0, 1, 2]
    assert np.load(out / "y_val.npy").tolist() == [1, 2, 0, 1, 2]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Three classes of 20 grey images."""
    for number in range(60):
        folder = tmp_path / "images" / f"class {number // 20}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 4 * number, np.uint8)).save(folder / f"{number:02}.png")
    return tmp_path / "images"


def test_images_move_to_the_folder_of_their_new_label(images: Path, tmp_path: Path) -> None:
    root = repaired(images, tmp_path / "out")
    moved = images / "class 0" / "00.png"
    assert (root / "class 2" / "00.png").read_bytes() == moved.read_bytes()
    assert not (root / "class 0" / "03.png").exists()
    assert sum(1 for file in root.rglob("*") if file.is_file()) == 59
    with pytest.raises(UserError, match="exists already"):
        repaired(images, tmp_path / "out")


def test_listed_images_get_a_new_list(tmp_path: Path) -> None:
    rows = []
    for i in range(12):
        Image.fromarray(np.full((4, 4), i, np.uint8)).save(tmp_path / f"{i} ä.png")
        rows.append(f"{i} ä.png,{'abc'[i % 3]},0{i}")
    (tmp_path / "list.csv").write_text("\n".join(["file,label,code", *rows]))
    copy = repaired(tmp_path / "list.csv", tmp_path / "out")
    expected = ["file,label,code", "0 ä.png,c,00", "1 ä.png,a,01", *rows[2:3], *rows[4:]]
    assert copy.read_text() == "\n".join(expected)
    assert (copy.parent / "11 ä.png").exists()
    assert not (copy.parent / "3 ä.png").exists()


def test_a_repair_that_fails_leaves_nothing(images: Path, tmp_path: Path) -> None:
    source = source_for(str(images), None)
    data = source.load(DataOptions())
    kept, labels = SOME.apply(data.y)
    (images / "class 1" / "30.png").unlink()
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(OSError, match=r"30\.png"):
        write_repaired(source, Repaired(data, None, kept, labels), target_of(source, out))
    assert list(out.iterdir()) == []
