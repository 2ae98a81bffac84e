"""Random numbers depend on the root seed and the Process name, and on nothing else."""

# ruff: noqa: NPY002  (the legacy global generator is what these tests are about)
from __future__ import annotations

import random

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    LavaPyType,
    Loihi1SimCfg,
    LoihiProtocol,
    PyLoihiProcessModel,
    RunSteps,
    Var,
    implements,
)
from lava_actor.runtime.start.seeds import seed_globals


class Dice(AbstractProcess):
    """Throws three kinds of dice every step."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.own = Var(shape=(3,), init=0)
        self.global_numpy = Var(shape=(3,), init=0)
        self.global_python = Var(shape=(3,), init=0)


@implements(proc=Dice, protocol=LoihiProtocol)
class PyDice(PyLoihiProcessModel):
    own: np.ndarray = LavaPyType(np.ndarray, float)
    global_numpy: np.ndarray = LavaPyType(np.ndarray, float)
    global_python: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self):
        place = (self.time_step - 1) % 3
        self.own[place] = self.rng.random()
        self.global_numpy[place] = np.random.random()
        self.global_python[place] = random.random()


def thrown(names, **config):
    """What the dice of some names show after three steps; each is a network of its own."""
    found = []
    for name in names:
        dice = Dice(name=name)
        with dice:
            dice.run(RunSteps(num_steps=3), Loihi1SimCfg(), config)
            values = [dice.own.get(), dice.global_numpy.get(), dice.global_python.get()]
        found.append(np.concatenate(values))
    return found


def test_one_seed_and_name_give_the_same_numbers_in_every_run():
    first, again = thrown(["a", "a"], seed=5)
    np.testing.assert_array_equal(first, again)


def test_other_names_and_other_seeds_give_other_numbers():
    a, b = thrown(["a", "b"], seed=5)
    (other,) = thrown(["a"], seed=6)
    assert np.unique(np.concatenate([a, b, other])).size == 27


def test_threads_and_processes_see_the_same_numbers():
    (in_process,) = thrown(["a"], seed=5)
    (in_thread,) = thrown(["a"], seed=5, actor_type=ActorType.Threading)
    np.testing.assert_array_equal(in_process[:3], in_thread[:3])


def test_without_a_seed_the_users_global_generator_decides_and_stays_as_it_is():
    state = np.random.get_state()
    try:
        np.random.seed(3)
        before = np.random.get_state()[1].copy()
        first, again = thrown(["a", "a"])
        np.testing.assert_array_equal(np.random.get_state()[1], before)
        np.random.seed(4)
        (other,) = thrown(["a"])
    finally:
        np.random.set_state(state)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("seed", [-1, 1.5, "x", True])
def test_a_seed_that_is_no_number_is_refused(seed):
    with pytest.raises(ValueError, match="seed"):
        thrown(["a"], seed=seed)


def test_the_global_generator_starts_as_if_seeded_with_the_seed_spread_over_four_words():
    seed = 2**127 + 5
    expected = np.random.RandomState(np.random.SeedSequence(seed).generate_state(4))
    state = np.random.get_state()
    try:
        np.random.normal()  # leaves a second number in store
        seed_globals(seed)
        np.testing.assert_array_equal(np.random.random(3), expected.random_sample(3))
        assert np.random.normal() == expected.normal()
    finally:
        np.random.set_state(state)


class Own(AbstractProcess):
    """Its model brings a generator."""

    def __init__(self):
        super().__init__()
        self.thrown = Var(shape=(1,), init=0)


@implements(proc=Own, protocol=LoihiProtocol)
class PyOwn(PyLoihiProcessModel):
    thrown: np.ndarray = LavaPyType(np.ndarray, float)

    def __init__(self, proc_params):
        super().__init__(proc_params)
        self.rng = np.random.default_rng(1)

    def run_spk(self):
        self.thrown[:] = self.rng.random()


class Named(AbstractProcess):
    """Has a Var of that name."""

    def __init__(self):
        super().__init__()
        self.rng = Var(shape=(1,), init=7)


@implements(proc=Named, protocol=LoihiProtocol)
class PyNamed(PyLoihiProcessModel):
    rng: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self):
        self.rng += 1


def test_a_model_may_have_a_generator_of_its_own_or_a_var_of_that_name():
    own, named = Own(), Named()
    with own, named:
        own.run(RunSteps(num_steps=3), Loihi1SimCfg())
        named.run(RunSteps(num_steps=3), Loihi1SimCfg())
        assert own.thrown.get() == np.random.default_rng(1).random(3)[-1]
        assert named.rng.get() == 10
