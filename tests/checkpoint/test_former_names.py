"""Files of version 2, in which no attributes of ours began with ``_la_``, are read as ever."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import lava_actor
from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.connectivity import Normal, fixed_probability
from lava_actor.proc.dense.models import PyDenseModelFloat
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.io.utils import ChannelConfig, ReceiveEmpty
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sources.process import PoissonSource, SpikeTimes
from lava_actor.proc.sparse.process import DelaySparse, Sparse
from lava_actor.process.former import renamed

from .networks import contents
from .test_files import members_of

FILE = Path(__file__).parent / "data" / "version_2.lava.gz"
"""What `network` was after `FIRST` steps; the last revision before the change has written it."""

FIRST, THEN = 7, 9
CONFIG = {"seed": 3, "placement": {"workers": 1}}


def network() -> LIF:
    """Recurrent, with delays that are drawn, weights of both kinds and attributes of a Process."""
    poisson = PoissonSource(shape=(12,), rate=0.3, name="poisson")
    times = SpikeTimes(times=[[2, 5, 9, 14]] * 12, name="times")
    delayed = DelaySparse(
        weights=fixed_probability((8, 12), 0.3, weight=Normal(1, 0.1)),
        delays=Normal(3, 2, low=0, high=6),
        name="delayed",
    )
    dense = Dense(weights=np.linspace(-1, 1, 96).reshape(8, 12), name="dense")
    again = Sparse(weights=scipy.sparse.eye(8, format="csr") * 0.5, name="again")
    empty = ChannelConfig(receive_empty=ReceiveEmpty.NON_BLOCKING_ZEROS)
    injected = Injector(shape=(8,), buffer_size=4, channel_config=empty, name="injected")
    cells = LIF(shape=(8,), vth=2.0, dv=0.1, du=0.5, name="cells")
    for source, target in (poisson, delayed), (times, dense), (cells, again):
        source.s_out.connect(target.s_in)
    for connection in delayed, dense, again:
        connection.a_out.connect(cells.a_in)
    injected.out_port.connect(cells.a_in)
    return cells


def write(path: Path) -> None:
    """Write such a file."""
    with network() as cells:
        cells.run(RunSteps(FIRST), Loihi2SimCfg(select_tag="floating_pt"), CONFIG)
        cells.save(path)


def test_a_file_of_version_2_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    data = gzip.decompress(FILE.read_bytes())
    saved = json.loads(members_of(data)["manifest.json"])
    actors = saved["run"]["state"]["actors"]
    names = {name for actor in actors for name in actor["state"]["root"]["attributes"]}
    assert {"_operator", "_columns", "_given", "key", "_rng_seed"} <= names
    file = tmp_path / "file"
    file.write_bytes(data)
    with network() as cells:
        cells.run(RunSteps(FIRST), Loihi2SimCfg(select_tag="floating_pt"), CONFIG)
        cells.run(RunSteps(THEN))
        expected = contents(cells)
    loaded: Any = lava_actor.load(file)
    with loaded:
        loaded.run(RunSteps(THEN))
        assert contents(loaded) == expected
        again = tmp_path / "again"
        loaded.save(again)
    found = json.loads(members_of(again.read_bytes())["manifest.json"])
    for process in found["network"]["processes"]:
        assert not {"_config", "_shape", "_buffer_size"} & process["attributes"].keys()
    for actor in found["run"]["state"]["actors"]:
        assert not names & {"_operator", "_columns", "key", "_rng_seed"} & set(
            actor["state"]["root"]["attributes"]
        )


@pytest.mark.parametrize("attribute", ["_config", "_buffer_size", "_executable"])
def test_a_pickle_of_an_earlier_version_has_the_names_of_now(attribute: str) -> None:
    injector = Injector(shape=(2,), name="injector")
    state: dict[str, Any] = injector.__getstate__()  # type: ignore[assignment]
    older = {f"_{n[4:]}" if n.startswith("_la_") else n: value for n, value in state.items()}
    assert attribute in older
    made = object.__new__(Injector)
    made.__setstate__(older)
    assert attribute not in vars(made)
    assert made.__getstate__().keys() == state.keys()  # type: ignore[union-attr]


def test_what_is_a_users_keeps_its_name() -> None:
    class Mine(PyDenseModelFloat):
        def __init__(self) -> None:
            self._rng_seed = 1

    given = {"_columns": 1, "_rng_seed": 2, "scaled": 3, "parameters": 4, "columns": 5, "_phase": 6}
    expected = {**given, "_la_columns": 1, "_la_phase": 6}
    del expected["_columns"], expected["_phase"]
    assert renamed(Mine(), given) == expected


class Session(LIF):
    """Has attributes that are called as ours are, but for the prefix."""

    def __init__(self) -> None:
        super().__init__(shape=(1,))
        self.session, self.home, self.executable = "mine", "here", "/bin/true"


def test_attributes_of_a_users_process_keep_their_names() -> None:
    state = Session().__getstate__()
    older = {f"_{n[4:]}" if n.startswith("_la_") else n: value for n, value in state.items()}
    made = object.__new__(Session)
    made.__setstate__(older)
    assert (made.session, made.home, made.executable) == ("mine", "here", "/bin/true")
    with made:
        made.run(RunSteps(1), Loihi2SimCfg())
