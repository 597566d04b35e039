"""Make ``tutorial.ipynb`` from ``tutorial.md``.

    python docs/tutorial_notebook.py

Text becomes Markdown cells, Python blocks become code cells without outputs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def notebook(page: str) -> str:
    """The notebook of a Markdown page, as JSON."""
    texts = BLOCK.split(page)
    cells = [
        _cell(number, text.strip("\n"), code=number % 2 == 1)
        for number, text in enumerate(texts)
        if text.strip()
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _cell(number: int, text: str, *, code: bool) -> dict[str, Any]:
    cell = {"id": f"cell-{number}", "metadata": {}, "source": text.splitlines(keepends=True)}
    if code:
        return {"cell_type": "code", "execution_count": None, "outputs": [], **cell}
    return {"cell_type": "markdown", **cell}


if __name__ == "__main__":
    text = notebook((DOCS / "tutorial.md").read_text(encoding="utf-8"))
    (DOCS / "tutorial.ipynb").write_text(text, encoding="utf-8")
