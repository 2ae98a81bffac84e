"""Rebuild a recorded network from the description in its file, and compare what it computes.

A golden file holds a network as JSON (`meta`), the arrays it refers to (``in_*``) and what the
reference computed (``out_*``). `Case.load` reads one, `build` makes Processes of it, `compare`
checks recordings. How the network is run is the business of the caller: on the runtime, or step by
step by `tests/golden/sequential.py`.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from lava_actor.compiler import run_configs
from lava_actor.proc.monitor.process import Monitor

DATA = Path(__file__).parent / "data"

PACKAGES = {
    "magma.core.learning.": "lava_actor.learning.",
    "proc.": "lava_actor.proc.",
    "utils.": "lava_actor.utils.",
}
"""Where the modules that recordings name are found here."""

EACH_STEP = frozenset({"var_each_step", "overflow_flag_each_step"})
"""Kinds of recordings with one row per step."""

CUSTOM = f"{__package__}.reward_lif"


@dataclass(frozen=True)
class Case:
    """A recording: the description of a network, its input arrays, and what it computed."""

    name: str
    meta: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    recordings: Mapping[str, np.ndarray]

    @classmethod
    def load(cls, path: Path) -> Case:
        """Read a file."""
        with np.load(path) as file:
            arrays = {key: file[key] for key in file.files if key != "meta"}
            meta = json.loads(str(file["meta"]))
        return cls(
            name=path.stem,
            meta=meta,
            arrays={k: v for k, v in arrays.items() if k.startswith("in_")},
            recordings={k: v for k, v in arrays.items() if k.startswith("out_")},
        )

    @property
    def num_steps(self) -> int:
        """How many steps were recorded."""
        return int(self.meta["run"]["num_steps"])

    def events_after(self, step: int) -> list[Mapping[str, Any]]:
        """What is set once that many steps are done."""
        return [event for event in self.meta["events"] if event["after_step"] == step]


@dataclass
class Rebuilt:
    """Processes and Monitors by the ids that the description uses."""

    case: Case
    processes: dict[str, Any] = field(default_factory=dict)
    monitors: dict[str, Any] = field(default_factory=dict)

    @property
    def main(self) -> Any:
        """The Process on which the reference called `run`."""
        return self.processes[self.case.meta["run"]["run_on"]]

    def run_config(self, **kwargs: Any) -> Any:
        """The run configuration of the reference."""
        run = self.case.meta["run"]
        return getattr(run_configs, run["config"])(
            select_tag=run["select_tag"],
            exception_proc_model_map={
                resolve(process): resolve(model)
                for process, model in run["exception_models"].items()
            },
            **kwargs,
        )

    def value(self, coded: Any) -> Any:
        """Decode a value that the description holds for an event."""
        return _decode(coded, self.case.arrays, {})


def resolve(path: str) -> Any:
    """Find the class that a recording calls ``module:Name``."""
    module, name = path.split(":")
    if module == "custom":
        return getattr(importlib.import_module(CUSTOM), name)
    for theirs, ours in PACKAGES.items():
        if module.startswith(theirs):
            found: Any = importlib.import_module(ours + module.removeprefix(theirs))
            for part in name.split("."):
                found = getattr(found, part)
            return found
    raise LookupError(f"no module of ours for {path}")


def build(case: Case) -> Rebuilt:
    """Make and connect the Processes of a recording, in the order in which it lists them."""
    rebuilt = Rebuilt(case)
    rules = {
        name: resolve(rule["class"])(**_decode_all(rule["kwargs"], case.arrays, {}))
        for name, rule in case.meta["learning_rules"].items()
    }
    for entry in case.meta["processes"]:
        kwargs = _decode_all(entry["kwargs"], case.arrays, rules)
        rebuilt.processes[entry["id"]] = resolve(entry["class"])(**kwargs)
    for connection in case.meta["connections"]:
        source = _member(rebuilt, connection["from"])
        for operation, *arguments in connection["via"]:
            source = getattr(source, operation)(*(tuple(a) for a in arguments))
        source.connect(_member(rebuilt, connection["to"]))
    for connection in case.meta["var_connections"]:
        rebuilt.processes[connection["process"]].connect_var(_member(rebuilt, connection["target"]))
    for entry in case.meta["monitors"]:
        monitor = rebuilt.monitors[entry["id"]] = Monitor()
        monitor.probe(_member(rebuilt, entry["target"]), entry["num_steps"])
    return rebuilt


class Recorder:
    """Collects what a recording asks for, from Processes whose Vars can be read.

    ``read(process, name)`` returns the value of a Var.
    """

    def __init__(self, rebuilt: Rebuilt, read: Any = None) -> None:
        self.rebuilt = rebuilt
        self.read = read or (lambda process, name: getattr(process, name).get())
        self.rows: dict[str, list[np.ndarray]] = {}

    def after_step(self) -> None:
        """Read what is recorded in each step."""
        for record in self.rebuilt.case.meta["records"]:
            if record["kind"] == "var_each_step":
                row = self._var(record["process"], record["var"])
            elif record["kind"] == "overflow_flag_each_step":
                row = np.array(int(np.any(self._var(record["process"], "_overflowed"))))
            else:
                continue
            self.rows.setdefault(record["key"], []).append(row)

    def after_run(self) -> dict[str, np.ndarray]:
        """Read what is recorded at the end; return everything."""
        results = {key: np.stack(rows) for key, rows in self.rows.items()}
        for record in self.rebuilt.case.meta["records"]:
            if record["kind"] == "var_end":
                results[record["key"]] = self._var(record["process"], record["var"])
        return results

    def _var(self, process_id: str, name: str) -> np.ndarray:
        value = self.read(self.rebuilt.processes[process_id], name)
        return value.toarray() if issparse(value) else np.array(value)


def read_monitors(rebuilt: Rebuilt) -> dict[str, np.ndarray]:
    """Return what the Monitors have recorded."""
    results = {}
    for record in rebuilt.case.meta["records"]:
        if record["kind"] == "monitor":
            data = rebuilt.monitors[record["monitor"]].get_data()
            process, member = record["dict_keys"]
            assert set(data) == {process}
            assert set(data[process]) == {member}
            results[record["key"]] = data[process][member]
    return results


def compare(case: Case, got: Mapping[str, np.ndarray], last_step_only: bool = False) -> None:
    """Check that everything recorded was computed: exactly, or to rounding.

    With `last_step_only` recordings of each step are compared in their last row only.
    """
    how = case.meta["compare"]
    for record in case.meta["records"]:
        key = record["key"]
        want, have = case.recordings[key], np.asarray(got[key])
        if last_step_only and record["kind"] in EACH_STEP:
            want, have = want[-1:], have[-1:]
        assert have.shape == want.shape, f"{case.name}.{key}: shape {have.shape}, not {want.shape}"
        if how["mode"] == "exact":
            np.testing.assert_array_equal(have, want, err_msg=f"{case.name}.{key}")
        else:
            np.testing.assert_allclose(
                have, want, rtol=how["rtol"], atol=how["atol"], err_msg=f"{case.name}.{key}"
            )


def _member(rebuilt: Rebuilt, address: list[str]) -> Any:
    process_id, name = address
    return getattr(rebuilt.processes[process_id], name)


def _decode_all(
    kwargs: Mapping[str, Any], arrays: Mapping[str, np.ndarray], rules: Mapping[str, Any]
) -> dict[str, Any]:
    return {name: _decode(value, arrays, rules) for name, value in kwargs.items()}


def _decode(coded: Any, arrays: Mapping[str, np.ndarray], rules: Mapping[str, Any]) -> Any:
    if not isinstance(coded, dict):
        return coded
    if "$array" in coded:
        return arrays[coded["$array"]].copy()
    if "$tuple" in coded:
        return tuple(coded["$tuple"])
    if "$enum" in coded:
        return resolve(coded["$enum"])
    if "$rule" in coded:
        return rules[coded["$rule"]]
    if "$csr" in coded:
        key = coded["$csr"]
        parts = tuple(arrays[f"{key}_{part}"].copy() for part in ("data", "indices", "indptr"))
        return csr_matrix(parts, shape=tuple(coded["shape"]))
    if "$dataset" in coded:
        inputs = arrays[coded["$dataset"]["inputs"]]
        labels = arrays[coded["$dataset"]["labels"]]
        if labels.ndim == 1:
            labels = labels.tolist()
        return list(zip(inputs, labels, strict=True))
    raise LookupError(f"unknown form of a value: {coded}")
