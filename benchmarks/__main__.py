"""``python -m benchmarks [name ...] [--full]``: run every module here that has ``main(full)``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(p.stem for p in FOLDER.glob("*.py") if not p.stem.startswith("_"))


def main() -> None:
    """Run the benchmarks that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", help=f"which ones ({', '.join(names())}); default: all")
    parser.add_argument("--full", action="store_true", help="in full length")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names())
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    busy = os.getloadavg()[0]
    if busy > 0.5:
        print(f"note: the load is {busy:.1f} before the first benchmark", file=sys.stderr)
    for name in arguments.names or names():
        module = importlib.import_module(f"benchmarks.{name}")
        if hasattr(module, "main"):
            print(f"== {name}")
            module.main(full=arguments.full)
            print()


if __name__ == "__main__":
    main()
