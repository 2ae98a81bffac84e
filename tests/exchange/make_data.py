"""Makes the files in `data`: networks that other simulators wrote and ran.

Not run by the tests. Needs torch, norse, snntorch and nir (made with torch 2.13.0, norse 1.1.0,
snntorch 1.0.0, nir 1.0.8). Each ``NAME.nir`` is what the simulator exported; ``NAME.npz`` has what
it was given and what it answered, one row per step.

    python tests/exchange/make_data.py
    PYTHONPATH=FOLDER_WITH_NIR_0.2.0 python tests/exchange/make_data.py old
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).with_name("data")
STEPS = 60


def given(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random((STEPS, *shape)) < 0.4).astype(np.float32)


def keep(name: str, graph: Any, x: np.ndarray, y: list[Any]) -> None:
    import nir

    nir.write(DATA / f"{name}.nir", graph)
    answers = np.array([np.asarray(a).reshape(-1) for a in y])
    np.savez_compressed(DATA / f"{name}.npz", given=x, answered=answers)
    print(name, answers.shape, "mean", answers.mean(), [*graph.nodes])


def by_norse() -> None:
    import norse.torch as norse
    import torch
    from norse.torch.utils.export_nir import to_nir

    def neurons(kind: str, n: int, th: float) -> dict[str, Any]:
        spread = torch.linspace(60.0, 140.0, n)
        return {"tau_mem_inv": spread, "v_leak": torch.zeros(n), "v_th": torch.full((n,), th)}

    def run(model: Any, x: np.ndarray) -> list[Any]:
        state, said = None, []
        for row in torch.tensor(x):
            y, state = model(row[None], state)
            said.append(y.detach().numpy().copy())
        return said

    torch.manual_seed(1)
    leaky = neurons("LIBox", 3, 0.0)
    leaky.pop("v_th")
    layers = norse.SequentialState(
        torch.nn.Linear(5, 8),
        norse.LIFBoxCell(norse.LIFBoxParameters(**neurons("LIFBox", 8, 0.15))),
        torch.nn.Linear(8, 3),
        norse.LIBoxCell(norse.LIBoxParameters(**leaky)),
    )
    x = given((5,), 1)
    graph = to_nir(layers, torch.zeros(1, 5), dt=1)  # Norse multiplies its time constants by this
    keep("norse_layers", graph, x, run(layers, x))

    convolution = norse.SequentialState(
        torch.nn.Conv2d(2, 3, 3, stride=2, padding=1),
        norse.IAFCell(
            norse.IAFParameters(v_th=torch.full((3, 4, 3), 0.6), v_reset=torch.tensor(0.0))
        ),
    )
    x = given((2, 7, 5), 2)
    graph = to_nir(convolution, torch.zeros(1, 2, 7, 5))
    graph.nodes["0"].input_shape = (7, 5)  # Norse leaves it out, and NIR cannot write nothing
    keep("norse_convolution", graph, x, run(convolution, x))


def by_snntorch() -> None:
    import snntorch as snn
    import torch
    from snntorch.export_nir import export_to_nir

    def run(model: Any, x: np.ndarray) -> list[Any]:
        said = []
        for row in torch.tensor(x):
            y = model(row[None])
            said.append((y[0] if isinstance(y, tuple) else y).detach().numpy().copy())
        return said

    torch.manual_seed(2)
    at_once = {"init_hidden": True, "reset_mechanism": "zero", "reset_delay": False}
    layers = torch.nn.Sequential(
        torch.nn.Linear(5, 8),
        snn.Leaky(beta=torch.linspace(0.7, 0.95, 8), threshold=torch.full((8,), 0.6), **at_once),
        torch.nn.Linear(8, 4, bias=False),
        snn.Synaptic(
            alpha=torch.full((4,), 0.6), beta=torch.full((4,), 0.9),
            threshold=torch.full((4,), 0.4), **at_once,
        ),
    )  # fmt: skip
    x = given((5,), 3)
    said = run(layers, x)  # first: an export runs it, too
    keep("snntorch_layers", export_to_nir(layers, torch.zeros(1, 5), ignore_dims=[0]), x, said)

    recurrent = torch.nn.Sequential(
        torch.nn.Linear(5, 6),
        snn.RLeaky(beta=0.85, threshold=0.5, linear_features=6, **at_once),
        torch.nn.Linear(6, 3),
        snn.Leaky(beta=torch.full((3,), 0.9), threshold=torch.full((3,), 0.7), **at_once),
    )
    x = given((5,), 4)
    said = run(recurrent, x)  # before the export, which runs it as well
    keep(
        "snntorch_recurrent", export_to_nir(recurrent, torch.zeros(1, 5), ignore_dims=[0]), x, said
    )


def by_an_old_nir() -> None:
    """The layers of Norse, as NIR 0.2.0 writes them; what they answer is known already."""
    import h5py
    import nir

    with h5py.File(DATA / "norse_layers.nir") as file:
        nodes = {n: {k: v[()] for k, v in g.items() if hasattr(v, "shape")}
                 for n, g in file["node/nodes"].items()}  # fmt: skip
    made = {
        "input": nir.Input(np.array([5])), "output": nir.Output(np.array([3])),
        "0": nir.Affine(nodes["0"]["weight"], nodes["0"]["bias"]),
        "1": nir.LIF(*(nodes["1"][k] for k in ("tau", "r", "v_leak", "v_threshold"))),
        "2": nir.Affine(nodes["2"]["weight"], nodes["2"]["bias"]),
        "3": nir.LI(*(nodes["3"][k] for k in ("tau", "r", "v_leak"))),
    }  # fmt: skip
    edges = [("input", "0"), ("0", "1"), ("1", "2"), ("2", "3"), ("3", "output")]
    nir.write(DATA / "norse_layers_0.2.0.nir", nir.NIRGraph(made, edges))


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    if sys.argv[1:] == ["old"]:
        by_an_old_nir()
    else:
        by_norse()
        by_snntorch()
