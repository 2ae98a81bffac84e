"""What the command line decides for all benchmarks."""

from __future__ import annotations

from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"

_folder = RESULTS


def folder() -> Path:
    """Where results go, and what is kept for the next time."""
    return _folder


def use_folder(path: Path) -> None:
    """Let results go there."""
    global _folder  # noqa: PLW0603  (set once, by the command line)
    _folder = path
