"""The examples do what they say, run the way a reader runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(script: str, *arguments: str) -> str:
    """Run an example as a script of its own; returns what it printed."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nine_of_ten_unseen_digits_are_recognised():
    pytest.importorskip("sklearn")
    text = run("digits.py")
    accuracy = float(re.search(r"([\d.]+)% correct", text)[1])
    assert accuracy >= 90.0


def test_the_balanced_network_reports_and_draws(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "raster.png"
    text = run("balanced_network.py", "--steps", "400", "--picture", str(picture))
    assert re.search(r"400 steps in .* steps/s, .* spikes/s, .* synaptic events/s", text)
    assert text.count(" busy ") == 7
    share = float(re.search(r"([\d.]+)% of the neurons fire per step", text)[1])
    assert 2.0 < share < 5.0
    assert picture.read_bytes().startswith(b"\x89PNG")
