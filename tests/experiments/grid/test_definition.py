from pathlib import Path

import pytest

from common.errors import UserError
from experiments.grid.definition import GRIDS, grid_names, load_grid, only

CELL = '[[cells]]\ndataset = "wine"\nmodel = "mlp"\nglitch = "uniform_noise"\n'


def written(folder: Path, text: str, name: str = "toy") -> str:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return str(path)


def test_a_cell_is_a_product(tmp_path: Path) -> None:
    text = CELL.replace('"uniform_noise"', '["uniform_noise", "none"]') + "seed = [0, 1, 2]\n"
    grid = load_grid(written(tmp_path, text), None)
    assert grid.name == "toy"
    assert [(s.glitch, s.seed) for s in grid.specs] == [
        (glitch, seed) for glitch in ("uniform_noise", "none") for seed in (0, 1, 2)
    ]


def test_cells_that_several_grids_share_are_run_once(tmp_path: Path) -> None:
    written(tmp_path, CELL + "seed = [0, 1]\n", "inner")
    text = 'include = ["inner.toml"]\n' + CELL + "seed = [1, 2]\n"
    assert [s.seed for s in load_grid(written(tmp_path, text), None).specs] == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cels = []\n", "toy.toml: unknown key 'cels'.*did you mean 'cells'"),
        ("title = 'x'\n", "toy.toml: no cells"),
        ("cells = 3\n", "toy.toml: cells must be a valid list, got 3"),
        ("cells = [3]\n", "toy.toml: cells .value 1. must be a valid dictionary, got 3"),
        ("[[cells]]\nmodel = 'mlp'\n", "toy.toml, cell 1: a trial needs dataset, glitch"),
        (CELL + CELL + "sede = 1\n", "toy.toml, cell 2: unknown key 'sede'.*'seed'"),
        (CELL + "ratio = 0.7\n", r"toy.toml, cell 1: ratio .*0.7"),
        (CELL + "ratio = nan\n", r"toy.toml, cell 1: ratio .*nan"),
        (CELL + "seed = []\n", "toy.toml, cell 1: seed .*at least 1 item"),
        (CELL + "seed = true\n", "toy.toml, cell 1: seed .*valid integer, got True"),
        (CELL + "seed = [0, 1.5]\n", "toy.toml, cell 1: seed .value 2. .*valid integer, got 1.5"),
        (CELL + "epochs = '3'\n", "toy.toml, cell 1: epochs .*valid integer, got '3'"),
        (CELL + "pretrained = 'false'\n", "toy.toml, cell 1: pretrained .*boolean, got 'false'"),
        (CELL + "truth = 'no'\n", "toy.toml, cell 1: truth .*boolean, got 'no'"),
        (CELL + "ratio = {a = 1}\n", "toy.toml, cell 1: ratio .*valid number"),
        (CELL + "signals = 3\n", "toy.toml, cell 1: signals .*valid string, got 3"),
        (CELL.replace("wine", "w" * 2000), "cell 1: dataset .*at most 1000 characters"),
        (CELL + f"{'k' * 10_000} = 1\n", "toy.toml, cell 1: unknown key 'k{80}'"),
        ("a." * 3000 + "a = 1\n", "toy.toml: "),
        ("cells = " + "[" * 5000 + "]" * 5000, "toy.toml: not a TOML file"),
        (CELL + "#" * 2**18, "toy.toml: must be at most 256 KiB"),
        (CELL + f"seed = {list(range(20_001))}\n", "toy.toml: must have at most 20,000 trials"),
        (CELL + "dataset = 'b'\n", "toy.toml: not a TOML file"),
        (CELL.replace("uniform_noise", "stripe_outliers"), "cell 1: .*is for image data"),
        (CELL.replace("wine", "winne"), "cell 1: unknown dataset 'winne'.*'wine'"),
        ('include = ["toy.toml"]\n', "toy.toml includes itself"),
        ('include = ["embeded"]\n', "unknown grid 'embeded'.*'embedded'"),
        ("cells = [", "toy.toml: not a TOML file"),
    ],
)
def test_bad_grid_files_are_refused_by_file_and_cell(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_grid(written(tmp_path, text), None)


def test_every_error_of_a_file_is_one_line(tmp_path: Path) -> None:
    text = CELL + 'seed = true\nepochs = "x"\n' + CELL + "sede = 1\n"
    with pytest.raises(UserError) as raised:
        load_grid(written(tmp_path, text), None)
    lines = str(raised.value).splitlines()
    assert [line.split(" must")[0].split(" key")[0] for line in lines] == [
        "toy.toml, cell 1: seed",
        "toy.toml, cell 1: epochs",
        "toy.toml, cell 2: unknown",
    ]


def test_includes_are_read_once_however_often_they_are_named(tmp_path: Path) -> None:
    written(tmp_path, CELL, "grid0")
    for n in range(1, 7):
        written(tmp_path, f'include = ["grid{n - 1}.toml", "grid{n - 1}.toml"]\n', f"grid{n}")
    assert len(load_grid(str(tmp_path / "grid6.toml"), None).specs) == 1


def test_includes_have_a_depth(tmp_path: Path) -> None:
    written(tmp_path, CELL, "grid0")
    for n in range(1, 12):
        written(tmp_path, f'include = ["grid{n - 1}.toml"]\n', f"grid{n}")
    with pytest.raises(UserError, match="at most 8 levels"):
        load_grid(str(tmp_path / "grid11.toml"), None)


def test_data_that_are_not_there_are_told_and_do_not_hide_other_trials(tmp_path: Path) -> None:
    text = CELL.replace('"wine"', '["wine", "gone.csv"]') + "seed = [0, 1]\n"
    grid = load_grid(written(tmp_path, text), tmp_path)
    assert [(s.dataset, s.seed) for s in grid.specs] == [("wine", 0), ("wine", 1)]
    assert [u.request["seed"] for u in grid.unavailable] == [0, 1]
    assert "gone.csv" in grid.unavailable[0].message
    assert only(grid, {"dataset": ["wine"]}).unavailable == ()
    assert only(grid, {"dataset": ["gone.csv"]}).specs == ()


def test_unknown_grids_are_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown grid 'embeded'.*'embedded'"):
        load_grid("embeded", None)
    with pytest.raises(UserError, match="there is no grid file"):
        load_grid("nowhere/toy.toml", None)


@pytest.mark.parametrize("name", grid_names())
def test_grids_that_come_with_the_project_say_what_they_are(name: str) -> None:
    text = (GRIDS / f"{name}.toml").read_text()
    assert text.startswith("# ")
    assert f"grid={name}" in text or f"--grid {name}" in text or "-e main" in text
    grid = load_grid(name, None)
    assert len({spec.spec_hash for spec in grid.specs}) == len(grid.specs) > 0
    count = len(grid.specs) + len(grid.unavailable)
    assert f"# {count:,} trials" in text
    assert {u.request["dataset"] for u in grid.unavailable} <= {"cifar10_part.npz", "./jannis"}


def test_only_keeps_what_meets_all_conditions(tmp_path: Path) -> None:
    grid = load_grid(written(tmp_path, CELL + "seed = [0, 1]\nratio = [0.1, 0.2]\n"), None)
    kept = only(grid, {"seed": ["1"], "ratio": ["0.10", "0.2"]}).specs
    assert [(s.seed, s.ratio) for s in kept] == [(1, 0.1), (1, 0.2)]
    with pytest.raises(UserError, match="no trial of the grid has seed=7; there are: 0, 1"):
        only(grid, {"seed": ["7"]})
    with pytest.raises(UserError, match="unknown trial field 'sede'"):
        only(grid, {"sede": ["7"]})
