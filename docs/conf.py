"""The site: `make docs` builds it into build/docs; every warning is an error."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

project = "lava_actor"
author = "lava_actor contributors"
copyright = author  # noqa: A001  (Sphinx's name for it)
release = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # tutorials keep what they gave: docs/run_tutorials.py
exclude_patterns = ["build"]
html_theme = "furo"
html_title = f"lava_actor {release}"
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"code-font-size": "75%"},  # a line of code fits without scrolling
}
html_copy_source = False
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        *(f"sidebar/{part}.html" for part in ("brand", "search", "scroll-start", "navigation")),
        *("versions.html", "sidebar/scroll-end.html"),
    ]
}

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say it in words
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
default_role = "code"
nitpicky = False


def _pages_outside(app: object, docname: str, source: list[str]) -> None:
    """Pages link to files of the repository that are no pages: show their names instead."""
    import re

    def replaced(match: re.Match[str]) -> str:
        target = (ROOT / "docs" / docname).parent / match[2].split("#")[0]
        inside = target.resolve().is_relative_to(ROOT / "docs")
        outside = target.exists() and not (inside and target.suffix in (".md", ".png", ".ipynb"))
        return f"`{match[1]}`" if outside else match[0]

    source[0] = re.sub(r"(?<!!)\[([^\[\]]+)\]\(([^):]+)\)", replaced, source[0])


def setup(app: object) -> None:
    """Connect what needs to be."""
    app.connect("source-read", _pages_outside)  # type: ignore[attr-defined]
