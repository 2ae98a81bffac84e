"""Executes the tutorials and keeps in them what they print and draw.

    python docs/run_tutorials.py [NAME …]

Needs the extra `notebook`. The tests execute the same cells, without keeping anything.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).with_name("tutorials")
VOLATILE = {"execution", "widgets"}  # times of the machine: nobody wants to see them change


def main(names: list[str]) -> None:
    """Execute notebooks in place."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if names and path.stem not in names:
            continue
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": FOLDER}}).execute()
        for cell in notebook.cells:
            for key in VOLATILE & set(cell.metadata):
                del cell.metadata[key]
        notebook.metadata.pop("widgets", None)
        notebook.metadata["language_info"] = {"name": "python"}
        nbformat.write(notebook, path)
        print(path.name, f"{path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main(sys.argv[1:])
