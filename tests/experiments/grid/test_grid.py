from pathlib import Path

import pytest

from common.errors import UserError
from experiments.grid.definition import GRIDS, grid_names, load_grid, only
from experiments.training.context import default_data_root

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
        ("cells = 3\n", "toy.toml: cells must be a list, however: 3"),
        ("cells = [3]\n", "toy.toml, cell 1: a cell must be a table of fields, however: 3"),
        ("[[cells]]\nmodel = 'mlp'\n", "toy.toml, cell 1: a trial needs dataset, glitch"),
        (CELL + CELL + "sede = 1\n", "toy.toml, cell 2: unknown trial field 'sede'.*'seed'"),
        (CELL + "ratio = 0.7\n", r"toy.toml, cell 1: ratio .*0.7"),
        (CELL + "seed = []\n", "toy.toml, cell 1: seed is an empty list"),
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


def test_unknown_grids_are_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown grid 'embeded'.*'embedded'"):
        load_grid("embeded", None)
    with pytest.raises(UserError, match="is not there; looked in"):
        load_grid("nowhere/toy.toml", None)


@pytest.mark.parametrize("name", grid_names())
def test_grids_that_come_with_the_project_say_what_they_are(name: str) -> None:
    text = (GRIDS / f"{name}.toml").read_text()
    assert text.startswith("# ")
    assert f"grid={name}" in text or f"--grid {name}" in text or "-e main" in text
    if ("./" in text or ".npz" in text) and default_data_root() is None:
        pytest.skip("its own data lie below the data root")
    specs = load_grid(name, default_data_root()).specs
    assert len({spec.spec_hash for spec in specs}) == len(specs) > 0


def test_only_keeps_what_meets_all_conditions(tmp_path: Path) -> None:
    specs = load_grid(written(tmp_path, CELL + "seed = [0, 1]\nratio = [0.1, 0.2]\n"), None).specs
    kept = only(specs, {"seed": ["1"], "ratio": ["0.10", "0.2"]})
    assert [(s.seed, s.ratio) for s in kept] == [(1, 0.1), (1, 0.2)]
    with pytest.raises(UserError, match="no trial of the grid has seed=7; there are: 0, 1"):
        only(specs, {"seed": ["7"]})
    with pytest.raises(UserError, match="unknown trial field 'sede'"):
        only(specs, {"sede": ["7"]})
