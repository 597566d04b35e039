"""The notebook of the tutorial is that of its page, and it runs."""

import runpy
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

DOCS = Path(__file__).parents[2] / "docs"


def test_the_notebook_is_up_to_date() -> None:
    """If not, run ``python docs/tutorial_notebook.py``."""
    made = runpy.run_path(str(DOCS / "tutorial_notebook.py"))["notebook"]
    page = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    assert (DOCS / "tutorial.ipynb").read_text(encoding="utf-8") == made(page)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:(zmq|jupyter_client|traitlets).*")
def test_the_notebook_runs(tmp_path: Path) -> None:
    notebook = nbformat.read(DOCS / "tutorial.ipynb", as_version=4)
    NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(DOCS.parent)}}
    ).execute()
    shown = [
        output["data"]["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert any(page.count("<img ") == 20 for page in shown)
    nbformat.write(notebook, tmp_path / "run.ipynb")
