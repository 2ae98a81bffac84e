"""Lava, when it is installed: the same networks, in an interpreter of their own.

Run as a program this module is the other side: it builds a network from Lava's library, then reads
numbers of steps from its input and answers with seconds, until the input ends.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module, metadata
from time import perf_counter
from typing import Any

from benchmarks.measure import Contender, Run, expect

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

    @contextmanager
    def running() -> Iterator[Run]:
        with subprocess.Popen(
            [*command, __name__, network, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        ) as worker:  # fmt: skip
            assert worker.stdin is not None
            assert worker.stdout is not None
            lines = worker.stdout

            def answer() -> str:
                for line in lines:
                    word, _, rest = line.partition(" ")
                    if word == "answer":
                        return rest.strip()
                expect(False, f"{name}: the worker ended early")
                return ""

            def run(steps: int) -> float:
                assert worker.stdin is not None
                worker.stdin.write(f"{steps}\n")
                return float(answer())

            expect(answer() == "ready", f"{name}: no good start")
            yield run
            worker.stdin.close()
            expect(answer() == "right", f"{name}: its result differs from the loop's")

    return Contender(name, running)


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
