"""A program talks to a network that runs: injector, relay, extractor."""

import threading

import numpy as np
from lava.magma.core.run_conditions import RunContinuous
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.extractor import Extractor
from lava.proc.io.injector import Injector

if __name__ == "__main__":
    injector, extractor = Injector(shape=(2,)), Extractor(shape=(2,))
    injector.out_port.connect(extractor.in_port)
    injector.run(condition=RunContinuous(), run_cfg=Loihi2SimCfg())
    sent = [np.array([i, -i]) for i in range(200)]
    sender = threading.Thread(target=lambda: [injector.send(item) for item in sent])
    sender.start()
    received = [extractor.receive() for _ in sent]
    sender.join()
    injector.stop()
    assert np.array_equal(received, sent)
