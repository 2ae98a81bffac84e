"""A sensor that sends when it likes, and a network that says when something is unusual.

A thread plays the part of a sensor: it measures at irregular times. The network waits for it. A
`Delta` passes on what has changed by more than its threshold, a neuron fires where that is much.

    python examples/live_source.py [MEASUREMENTS]
"""

from __future__ import annotations

import math
import sys
import threading
import time

from lava_actor import Loihi2SimCfg, RunContinuous
from lava_actor.proc.io.extractor import Extractor
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sdn.process import Delta

JUMP_AT = (31, 62)


def measured(number: int) -> float:
    """A slow wave with two jumps."""
    return math.sin(number / 20) + sum(number >= at for at in JUMP_AT)


def main(measurements: int = 100) -> list[int]:
    """Watch; returns the measurements that the network called unusual."""
    injector, extractor = Injector(shape=(1,)), Extractor(shape=(1,))
    change = Delta(shape=(1,), vth=0.2)
    alarm = LIF(shape=(1,), du=1, dv=1, vth=0.5)
    injector.out_port.connect(change.a_in)
    change.s_out.connect(alarm.a_in)
    alarm.s_out.connect(extractor.in_port)

    def sensor() -> None:
        for number in range(measurements):
            injector.send([measured(number)])
            if number % 10 == 0:
                time.sleep(0.002)  # nobody minds

    with alarm:
        alarm.run(RunContinuous(), Loihi2SimCfg(select_tag="floating_pt"))
        thread = threading.Thread(target=sensor)
        thread.start()
        unusual = [number for number in range(measurements) if extractor.receive()[0]]
        thread.join()
    print(f"{measurements} measurements, unusual: {unusual}; the jumps were at {[*JUMP_AT]}")
    return unusual


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
