"""`save` and `load`: from a network to a file and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lava_actor.checkpoint import archive, rings
from lava_actor.checkpoint.codec import Document
from lava_actor.checkpoint.describe import COLLECTIONS, Description
from lava_actor.checkpoint.names import Names, is_importable
from lava_actor.checkpoint.outline import Outline
from lava_actor.checkpoint.rebuild import Rebuilt
from lava_actor.checkpoint.resume import ActorState, Pending, Resting, Resume, identity
from lava_actor.compiler.run_configs import RunConfig
from lava_actor.errors import CheckpointError
from lava_actor.model.model import AbstractProcessModel
from lava_actor.process.ports.ports import AbstractPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var

if TYPE_CHECKING:
    from lava_actor.compiler.executable import Executable


# -- saving -------------------------------------------------------------------------------------


def save(
    process: AbstractProcess,
    path: str | Path,
    runtime: Resting | None,
    seed: int,
    *,
    trusted: bool = False,
) -> None:
    """Write the network of a Process to a file, and its state if it has a ``runtime``.

    See `AbstractProcess.save`. ``seed`` is the root seed of the network, or what it would be if it
    were started now.
    """
    described = Description(process, trusted=trusted)
    executable: Executable | None = process._executable if process._is_compiled else None
    parts: list[Document] = []
    pickled = False
    run: dict[str, Any] | None = None
    if executable is not None:
        run, parts, pickled = _describe_run(described, executable)
    network = described.manifest()
    if run is not None and executable is not None and runtime is not None:
        run["state"], more, needed = _describe_state(described, executable, runtime)
        parts += more
        pickled = pickled or needed
    values = described.document()
    pickled = pickled or described.is_pickled
    with archive.writing(Path(path)) as writer:
        if run is not None:
            for holder, key, document in zip(*_places(run), parts, strict=True):
                holder[key] = writer.document(document)
        writer.close(
            {
                "kind": "compiled" if runtime is None and run else "paused" if run else "described",
                "trusted": pickled,
                "seed": seed,
                "network": network,
                "values": writer.document(values),
                "run": run,
            }
        )


def _places(run: dict[str, Any]) -> tuple[list[Any], list[str]]:
    """Where the documents of `_describe_run` belong, in its order."""
    holders: list[Any] = [run]
    keys = ["configs"]
    if run["state"] is not None:
        holders += [*run["state"]["actors"], run["state"]]
        keys += ["state"] * len(run["state"]["actors"]) + ["messages"]
    return holders, keys


def _describe_run(
    described: Description, executable: Executable
) -> tuple[dict[str, Any], list[Document], bool]:
    """What is needed to compile again; the packages of the models become homes."""
    for plan in executable.actors:
        for base in plan.model_class.__mro__:
            if is_importable(base) and issubclass(base, AbstractProcessModel):
                described.names.add_home_of(base)
                break
    configs, run_config, pickled = _describe_configs(described, executable)
    run = {"run_config": run_config, "configs": None, "state": None}
    return run, [configs], pickled


def _describe_configs(
    described: Description, executable: Executable
) -> tuple[Document, str | None, bool]:
    """Run configuration (None if it cannot be expressed) and compile configuration."""
    run_cfg = executable.run_cfg
    name: str | None = None
    encoder = described.new_encoder()
    root: dict[str, Any] = {"run_cfg": None}
    if isinstance(run_cfg, RunConfig) and is_importable(type(run_cfg)):
        described.names.add_home_of(type(run_cfg))
        try:
            root["run_cfg"] = encoder.add(run_cfg, type(run_cfg).__name__)
            name = described.class_name(type(run_cfg), type(run_cfg).__name__)
        except CheckpointError:  # the next run needs to be given one
            encoder, root["run_cfg"] = described.new_encoder(), None
    root["compile_config"] = encoder.add(dict(executable.compile_config), "compile_config")
    return encoder.finish(root), name, encoder.pickled


def _describe_state(
    described: Description, executable: Executable, runtime: Resting
) -> tuple[dict[str, Any], list[Document], bool]:
    request = (sorted(described.names.homes), described.is_trusted)
    answers = runtime.ask_all("snapshot", [request] * len(executable.actors))
    copy = rings.copy_of(runtime.arena)
    try:
        encoder = described.new_encoder()
        content = rings.take(copy, encoder)
        messages = encoder.finish()
    finally:
        copy.close()
    state = {
        "step": runtime.current_step,
        "started": runtime.is_started,
        "actors": [
            {"process": plan.name, **identity(plan), "state": None} for plan in executable.actors
        ],
        "rings": content,
        "messages": None,
    }
    documents = [document for document, _ in answers]
    return state, [*documents, messages], any(needed for _, needed in answers)


# -- loading ------------------------------------------------------------------------------------


class _Loaded:
    """What a file holds, checked and decoded; nothing has been changed yet."""

    def __init__(self, file: archive.Archive, *, trusted: bool, quietly: bool) -> None:
        manifest = file.manifest
        if manifest["trusted"] is not False and not trusted:
            raise CheckpointError(
                "parts of it are pickled, and reading those can run any code; pass trusted=True "
                "if you trust the file"
            )
        trusted = trusted and manifest["trusted"] is True
        self.names = Names()
        self.document = file.document(manifest["values"])
        self.network = Rebuilt(
            manifest["network"], self.document, self.names, trusted=trusted, quietly=quietly
        )
        self.seed = manifest["seed"]
        if type(self.seed) is not int or self.seed < 0:
            raise CheckpointError(f"expected a seed, got {self.seed!r}")
        self.configs: Document | None = None
        self.resume: Resume | None = None
        run = manifest["run"]
        if run is not None:
            self._read_run(file, run, trusted)

    def _read_run(self, file: archive.Archive, run: dict[str, Any], trusted: bool) -> None:
        if run["run_config"] is not None:
            self.names.class_of_kind(run["run_config"], RunConfig, "run configuration")
        self.configs = file.document(run["configs"])
        state = run["state"]
        if state is None:
            return
        for actor in state["actors"]:
            self.names.class_of_kind(actor["model"], AbstractProcessModel, str(actor["process"]))
        step = state["step"]
        if type(step) is not int or not 0 <= step < 1 << 60:
            raise CheckpointError(f"expected the number of a step, got {step!r}")
        self.resume = Resume(
            step=step,
            started=bool(state["started"]),
            actors=tuple(
                ActorState(
                    {key: value for key, value in actor.items() if key != "state"},
                    file.document(actor["state"]),
                )
                for actor in state["actors"]
            ),
            rings=state["rings"],
            messages=file.document(state["messages"]),
            homes=frozenset(self.names.homes),
            trusted=trusted,
        )

    def pending(self, standing_in: Any = None) -> Pending:
        """Configurations and state for the next start."""
        if self.configs is None:
            return Pending(None, None, {"seed": self.seed})
        decoder = self.network.new_decoder(self.configs, standing_in)
        run_cfg = decoder.value(self.configs.root["run_cfg"])
        compile_config = decoder.value(self.configs.root["compile_config"])
        if run_cfg is not None and not isinstance(run_cfg, RunConfig):
            raise CheckpointError(f"expected a run configuration, got {run_cfg!r}")
        if not isinstance(compile_config, dict):
            raise CheckpointError(f"expected a compile configuration, got {compile_config!r}")
        if compile_config.get("seed") is None:
            compile_config["seed"] = self.seed
        return Pending(self.resume, run_cfg, compile_config)


def load_new(path: str | Path, *, trusted: bool = False) -> tuple[AbstractProcess, Pending]:
    """Build the network that a file holds; what its start needs comes with it."""
    path = Path(path)
    with archive.reading(path) as file:
        loaded = _Loaded(file, trusted=trusted, quietly=False)
        return loaded.network.root, loaded.pending()


class Update:
    """Values from a file for a network that exists; `commit` and `undo` change it.

    Raises
    ------
    CheckpointError
        If the file holds another network; it names the first difference.
    """

    def __init__(self, process: AbstractProcess, path: str | Path, *, trusted: bool) -> None:
        with archive.reading(Path(path)) as file:
            loaded = _Loaded(file, trusted=trusted, quietly=True)
            mine, its = Outline(process), Outline(loaded.network.root)
            difference = mine.difference(its)
            if difference is not None:
                raise CheckpointError(f"the file holds another network: {difference}")
            self.processes = mine.processes
            twins = _twins(mine, its)

            def standing_in(target: Any) -> Any:
                return twins.get(id(target), target)

            self.pending = loaded.pending(standing_in)
            if self.pending.resume is not None and process._is_compiled:
                self.pending.resume.check(process._executable)
            self._new = self._values(loaded, twins, standing_in)
        self._old: list[tuple[Any, str, Any]] = []

    @staticmethod
    def _values(
        loaded: _Loaded, twins: dict[int, Any], standing_in: Any
    ) -> list[tuple[Any, str, Any]]:
        network, manifest = loaded.network, loaded.network.manifest
        decoder = network.new_decoder(loaded.document, standing_in)
        found: list[tuple[Any, str, Any]] = []
        for var, entry in zip(network.vars, manifest["vars"], strict=True):
            if id(var) in twins:
                found.append((twins[id(var)], "init", decoder.value(entry["init"])))
        for process, entry in zip(network.processes, manifest["processes"], strict=True):
            if id(process) in twins:
                params = {decoder.value(k): decoder.value(v) for k, v in entry["params"]}
                found.append((twins[id(process)].proc_params, "_parameters", params))
        return found

    def commit(self) -> None:
        """Give the network the initial values and parameters of the file."""
        self._old = [(obj, name, getattr(obj, name)) for obj, name, _ in self._new]
        for obj, name, value in self._new:
            setattr(obj, name, value)

    def undo(self) -> None:
        """Take `commit` back."""
        for obj, name, value in self._old:
            setattr(obj, name, value)


def _twins(mine: Outline, its: Outline) -> dict[int, Any]:
    """For the id of every Process, Var and port in the file: that of the network."""
    twins: dict[int, Any] = {}
    for one, two in zip(mine.processes, its.processes, strict=True):
        twins[id(two)] = one
        for kind in COLLECTIONS:
            here, there = mine.view.members(one, kind), its.view.members(two, kind)
            for name, member in there.items():
                if isinstance(member, (Var, AbstractPort)):
                    twins[id(member)] = here[name]
    return twins
