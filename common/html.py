"""HTML pages: the page layout that every report extends, and how templates are rendered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

LAYOUT: Final = Path(__file__).parent / "templates"


def render_template(path: Path, content: Mapping[str, Any]) -> str:
    """The page that a template makes of its variables.

    The template may extend ``page.html``, the layout of all reports. Variables are escaped; one
    that the template uses and ``content`` lacks is an error.
    """
    environment = Environment(
        loader=FileSystemLoader([path.parent, LAYOUT]), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(path.name).render(content)
