"""
The documentation as a site, for `make site`: Sphinx, with MyST for Markdown (docs/architecture.md says why).

The pages are written for whoever reads them beside the code. On the site a link that leaves `docs/` is its text.
"""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "kstore"
version = release = version_of("kstore")
extensions = ["myst_nb"]
nb_execution_mode = "off"
"""A test runs the notebook (tests/library/test_notebook.py); the site shows what stands in it."""
myst_heading_anchors = 4
"""Links name headings as GitHub does, so that the same files read well there."""
html_theme = "furo"
html_title = f"kstore {version}"
html_static_path = ["_static"]
html_css_files = ["notebook.css"]
html_show_sourcelink = False
html_copy_source = False

_OUTSIDE = re.compile(
    r"\[([^\]]+)\]\((?:\.\./)+(?:src|examples|tests|tools|deploy|requirements)/[^)]*\)|\[([^\]]+)\]\(schemas/?\)"
)


def _without_links_outside(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = _OUTSIDE.sub(lambda link: link[1] or link[2], source[0])


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", _without_links_outside)
