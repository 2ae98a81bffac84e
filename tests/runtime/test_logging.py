"""What models log reaches the user's interpreter, and goes where the Process was told."""

from __future__ import annotations

import logging

import numpy as np

from lava_actor import (
    AbstractProcess,
    LavaPyType,
    LogConfig,
    Loihi1SimCfg,
    LoihiProtocol,
    PyLoihiProcessModel,
    RunSteps,
    Var,
    implements,
)


class Talker(AbstractProcess):
    """Logs in every step."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.said = Var(shape=(1,), init=0)


@implements(proc=Talker, protocol=LoihiProtocol)
class PyTalker(PyLoihiProcessModel):
    said: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self):
        self.log.warning("loud %d", self.time_step)
        self.log.debug("quiet %d", self.time_step)


def test_records_arrive_with_process_name_and_step(caplog):
    with caplog.at_level(logging.WARNING):
        talker = Talker(name="talker")
        with talker:
            talker.run(RunSteps(num_steps=2), Loihi1SimCfg())
    messages = [r.getMessage() for r in caplog.records if r.name == "lava_actor.talker"]
    assert messages == ["[talker step 1] loud 1", "[talker step 2] loud 2"]


def test_a_log_config_writes_the_models_records_to_its_file(tmp_path):
    file = tmp_path / "talker.log"
    config = LogConfig(file=str(file), logs_to_file=True, level=logging.DEBUG)
    talker = Talker(name="filed", log_config=config)
    with talker:
        talker.run(RunSteps(num_steps=2), Loihi1SimCfg())
    del talker
    lines = file.read_text().splitlines()
    assert [line.split(" - ")[1] for line in lines] == [
        "[filed step 1] loud 1",
        "[filed step 1] quiet 1",
        "[filed step 2] loud 2",
        "[filed step 2] quiet 2",
    ]


def test_a_level_of_the_process_keeps_quieter_records_out(tmp_path):
    file = tmp_path / "loud.log"
    config = LogConfig(file=str(file), logs_to_file=True, level=logging.WARNING)
    talker = Talker(name="loud", log_config=config)
    with talker:
        talker.run(RunSteps(num_steps=1), Loihi1SimCfg())
    assert "quiet" not in file.read_text()
    assert "loud 1" in file.read_text()
