"""Print what some extras of pyproject.toml require, one requirement a line."""

import sys
import tomllib
from pathlib import Path

text = (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
project = tomllib.loads(text)["project"]
for extra in sys.argv[1:]:
    print("\n".join(project["optional-dependencies"][extra]))
