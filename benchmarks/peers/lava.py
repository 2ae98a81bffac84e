"""Lava, when it is installed: the same networks, in an interpreter of their own.

Run as a program this module is the other side: it builds a network from Lava's library, then reads
numbers of steps from its input and answers with seconds, until the input ends.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from time import perf_counter
from typing import Any

from benchmarks.measure import Contender, expect
from benchmarks.peers import worker

COMMAND = (sys.executable, "-m")


def available() -> bool:
    """Whether Lava itself is installed (not merely our modules under its names)."""
    try:
        metadata.version("lava-nc")
    except metadata.PackageNotFoundError:
        return False
    return True


def contender(
    network: str, *arguments: object, command: Sequence[str] = COMMAND, name: str = "Lava"
) -> Contender:
    """A network of this module's `NETWORKS` as a contender; a unit is a step."""
    told = [*command, __name__, network, *map(str, arguments)]

    def check(word: str) -> None:
        expect(word == "right", f"{name}: its result differs from the loop's")

    return worker.contender(name, told, check)


# --- the other side -----------------------------------------------------------------------------


def _chain(n_processes: str) -> tuple[Any, Any]:
    from benchmarks.chains import Chain

    chain = Chain(int(n_processes))
    populations, connections = chain.build(
        import_module("lava.proc.lif.process").LIF, import_module("lava.proc.dense.process").Dense
    )

    def right(steps: int) -> bool:
        state = chain.start()
        chain.loop(state, steps)
        return state.equals(chain.state_of(populations, connections))

    return populations[0], right


def _balanced(n_neurons: str, n_synapses: str) -> tuple[Any, Any]:
    from benchmarks.balanced import Balanced

    network = Balanced(int(n_neurons), int(n_synapses))
    populations, _ = network.build(
        import_module("lava.proc.lif.process").LIF,
        import_module("lava.proc.sparse.process").Sparse,
    )
    return populations[0], lambda steps: True


NETWORKS: dict[str, Callable[..., tuple[Any, Any]]] = {"chain": _chain, "balanced": _balanced}
CHECKED = 20
"""Steps after which the result is compared."""


def main(network: str, *arguments: str) -> None:
    """Serve runs of a network."""
    conditions = import_module("lava.magma.core.run_conditions")
    configs = import_module("lava.magma.core.run_configs")
    config = configs.Loihi2SimCfg(select_tag="floating_pt")
    process, right = NETWORKS[network](*arguments)

    def run(steps: int) -> float:
        started = perf_counter()
        process.run(condition=conditions.RunSteps(num_steps=steps), run_cfg=config)
        return perf_counter() - started

    run(CHECKED)
    verdict = right(CHECKED)
    print("answer ready", flush=True)
    for line in sys.stdin:
        print("answer", run(int(line)), flush=True)
    process.stop()
    print("answer", "right" if verdict else "wrong", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
