"""The examples do what they say, run the way a reader runs them."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
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


def loaded(script: str) -> Any:
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{script}", EXAMPLES / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_microcircuit_has_the_synapses_and_the_unit_potential_of_the_paper():
    model = loaded("microcircuit")
    assert model.NEURONS.sum() == 77_169
    assert abs(model.synapses().sum() - 0.299e9) < 0.001e9
    u = v = highest = 0.0
    for step in range(100):
        u = u * model.DECAY_SYN + (step == 0) * model.EPSP * model.PER_SPIKE
        v = v * model.DECAY_M + u
        highest = max(highest, v)
    assert abs(highest - 0.15) < 0.001


def test_the_microcircuit_keeps_mean_and_variance_of_its_input_when_it_is_scaled_down():
    model = loaded("microcircuit")
    inputs = (model.weights() * model.synapses() / model.NEURONS[:, None]) @ model.RATES
    inputs = (inputs + model.EPSP * model.EXTERNAL * model.EXTERNAL_RATE) * model.TAU_SYN * 1e-3
    scale = 0.1
    kept = inputs * scale / np.sqrt(scale)  # fewer inputs, larger weights
    assert np.allclose(kept + model.compensation(scale), inputs)


def test_the_microcircuit_runs_and_compares_its_rates_with_the_published_ones(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "raster.png"
    text = run("microcircuit.py", "--scale", "0.002", "--warm-up", "1", "--time", "4",
               "--picture", str(picture))  # fmt: skip
    assert "155 neurons" in text
    assert re.search(r"built in .* s\n4 ms in .* real-time factor", text)
    for name in ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"):
        assert re.search(rf"^{name} +[\d.]+ +[\d.]+$", text, re.MULTILINE)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_every_example_stands_in_the_list_of_the_documentation():
    page = (EXAMPLES.parent / "docs/examples.md").read_text("utf-8")
    listed = re.findall(r"\]\(\.\./examples/(\w+\.py)\)", page)
    assert sorted(listed) == sorted(path.name for path in EXAMPLES.glob("*.py"))


def claim(script: str, *arguments: Any) -> Any:
    """What the main function of an example returns: the measure it prints."""
    return loaded(script).main(*arguments)


def test_synapses_of_inputs_that_fire_together_become_stronger():
    assert claim("stdp_receptive_field", 2000) > 0.1


def test_the_strongest_input_wins():
    assert claim("winner_take_all", 600) > 0.8


def test_a_reservoir_remembers_the_bit_before():
    assert claim("reservoir", 300) > 0.8


def test_a_sudoku_is_solved():
    assert claim("sudoku") is not None


def test_tones_are_told_apart():
    assert claim("tones", 20) >= 0.9


def test_three_neurons_take_turns():
    assert claim("pattern_generator", 3000) > 0.9


def test_patterns_are_told_apart_by_delays():
    assert claim("delays", 12) == 1.0


def test_a_sigma_delta_filter_sends_little_and_is_right():
    sent, error = claim("sigma_delta_filter", 60)
    assert sent < 0.1
    assert error <= 0.1 + 1e-9


def test_a_sequence_is_called_up_by_its_first_element():
    assert claim("sequence_learning", 20) == [0, 1, 2, 3, 4]


def test_patterns_are_completed():
    assert claim("associative_memory", 100) >= 0.95


def test_a_direction_is_remembered():
    assert claim("ring_attractor", 400) < 10


def test_a_volley_becomes_sharper():
    first, last = claim("synfire_chain", 5)
    assert last < first / 2


def test_a_maximum_cut_is_found():
    found, best = claim("max_cut", 1)
    assert found == best


def test_rates_are_those_of_theory():
    assert claim("rate_curve", 2000) < 0.002


def test_what_a_live_source_sends_is_watched():
    assert claim("live_source", 100) == [31, 62]


def test_the_pole_stands():
    assert claim("cart_pole", 150) == 150
