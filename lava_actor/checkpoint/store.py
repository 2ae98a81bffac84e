"""`save` and `load`: from a network to a file and back."""

from __future__ import annotations

from pathlib import Path

from lava_actor.checkpoint import archive, recut, rings
from lava_actor.checkpoint.archive import NEW_NAMES
from lava_actor.checkpoint.codec import Decoder, Encoder
from lava_actor.checkpoint.names import Names, home_of, is_importable, path_of
from lava_actor.checkpoint.network import Network, Tables, difference
from lava_actor.checkpoint.rebuild import Rebuilt, decoder_for
from lava_actor.checkpoint.resume import Pending, Resting, Resume, identity, named_class
from lava_actor.compiler.executable import THREAD, Executable
from lava_actor.compiler.run_configs import RunConfig
from lava_actor.errors import CheckpointError
from lava_actor.model.model import AbstractProcessModel
from lava_actor.process.process import AbstractProcess

# -- saving -------------------------------------------------------------------------------------


def save(
    process: AbstractProcess,
    path: str | Path,
    resting: Resting | None,
    seed: int,
    *,
    trusted: bool = False,
) -> None:
    """Write the network of a Process to a file, and its state if its actors are ``resting``.

    See `AbstractProcess.save`. ``seed`` is the root seed of the network, or what it would be if it
    were started now.
    """
    network = Network(process)
    executable: Executable | None = process._la_executable
    actors = [] if executable is None else executable.actors
    names = Names(home_of(path_of(type(p))) for p in network.tables["processes"])
    for plan in actors:
        names.add_home_of(named_class(plan))
    encoder = Encoder(names, network.reference, trusted=trusted)
    pickled = False
    run: dict[str, object] | None = None
    if executable is not None:
        threads = sorted({a.process.name for a in executable.actors if a.host == THREAD})
        config = {**executable.compile_config, "threads": threads or None}
        config.pop("ranks", None)  # they may be others, and fewer, where it goes on
        run = {
            "run_config": _described(executable.run_cfg, names, network, encoder, trusted),
            "compile_config": encoder.add(config, "compile_config"),
            "state": None,
        }
    network.describe(encoder)
    with archive.writing(Path(path)) as file:
        if executable is not None and run is not None and resting is not None:
            messages = resting.messages()
            request = (tuple(names.homes), trusted)
            answers = resting.ask_all("snapshot", [request] * len(actors))
            pickled = any(needed for _, needed in answers)
            parts = {plan.party: recut.said(plan.part) for plan in actors}
            run["state"] = {
                "step": resting.current_step,
                "started": resting.is_started,
                "actors": [
                    {"process": plan.name, **identity(plan), "state": file.document(state)}
                    for plan, (state, _) in zip(actors, answers, strict=True)
                ],
                "rings": rings.described(messages, executable.arena, parts, encoder),
            }
        manifest = {
            "kind": "described" if run is None else "paused" if run["state"] else "compiled",
            "trusted": pickled or encoder.pickled,
            "seed": seed,
            "network": {"root": network.root, "sizes": network.sizes, **network.said},
            "values": file.document(encoder.finish()),
            "run": run,
        }
        file.close(manifest)


def _described(
    run_cfg: object, names: Names, network: Network, encoder: Encoder, trusted: bool
) -> dict[str, object] | None:
    """A run configuration; None if it cannot be expressed: the next run needs to be given one."""
    if not (isinstance(run_cfg, RunConfig) and is_importable(type(run_cfg))):
        return None
    names.add_home_of(type(run_cfg))
    what = type(run_cfg).__name__
    try:
        Encoder(names, network.reference, trusted=trusted).add(run_cfg, what)
    except CheckpointError:
        return None
    return {"class": path_of(type(run_cfg)), "value": encoder.add(run_cfg, what)}


# -- loading ------------------------------------------------------------------------------------


class _Loaded:
    """What a file holds, checked; nothing has been changed yet."""

    def __init__(self, file: archive.Archive, *, trusted: bool) -> None:
        manifest = file.manifest
        if manifest["trusted"] is not False and not trusted:
            raise CheckpointError(
                "parts of it are pickled, and reading those can run any code; pass trusted=True "
                "if you trust the file"
            )
        self.trusted = trusted and manifest["trusted"] is True
        self.names = Names()
        self.network, self.version = manifest["network"], file.version
        self.document = file.document(manifest["values"])
        self.seed, self._run = manifest["seed"], manifest["run"]
        if type(self.seed) is not int or self.seed < 0:
            raise CheckpointError(f"expected a seed, got {self.seed!r}")
        state = None if self._run is None else self._run["state"]
        self._state, self._documents = state, []
        if state is not None:
            if type(state["step"]) is not int or not 0 <= state["step"] < 1 << 60:
                raise CheckpointError(f"expected the number of a step, got {state['step']!r}")
            self._documents = [file.document(actor["state"]) for actor in state["actors"]]
            for document in self._documents:
                document.root["version"] = file.version

    def pending(self, decoder: Decoder) -> Pending:
        """Configurations and state for the next start."""
        run = self._run
        if run is None:
            return Pending(None, None, {"seed": self.seed})
        run_cfg = None
        if run["run_config"] is not None:
            self.names.class_of_kind(run["run_config"]["class"], RunConfig, "run configuration")
            run_cfg = decoder.value(run["run_config"]["value"])
        compile_config = decoder.value(run["compile_config"])
        if run_cfg is not None and not isinstance(run_cfg, RunConfig):
            raise CheckpointError(f"expected a run configuration, got {run_cfg!r}")
        if not isinstance(compile_config, dict):
            raise CheckpointError(f"expected a compile configuration, got {compile_config!r}")
        if compile_config.get("seed") is None:
            compile_config["seed"] = self.seed
        resume = None
        if self._state is not None:
            for actor in self._state["actors"]:
                self.names.class_of_kind(actor["model"], AbstractProcessModel, actor["process"])
            resume = Resume(
                self._state,
                tuple(self._documents),
                self.document,
                tuple(self.names.homes),
                self.trusted,
            )
        return Pending(resume, run_cfg, compile_config)


def _rebuilt(loaded: _Loaded) -> Rebuilt:
    said, names, former = loaded.network, loaded.names, loaded.version < NEW_NAMES
    return Rebuilt(said, loaded.document, names, trusted=loaded.trusted, former=former)


def load_new(path: str | Path, *, trusted: bool = False) -> tuple[AbstractProcess, Pending]:
    """Build the network that a file holds; what its start needs comes with it."""
    with archive.reading(Path(path)) as file:
        loaded = _Loaded(file, trusted=trusted)
        said = loaded.network
        built = _rebuilt(loaded)
        root: AbstractProcess = built.decoder.value({"processes": said["root"]})
        return root, loaded.pending(built.decoder)


class Update:
    """Values from a file for a network that exists; `commit` and `undo` change it.

    Raises
    ------
    CheckpointError
        If the file holds another network; it names the first difference.
    """

    def __init__(self, process: AbstractProcess, path: str | Path, *, trusted: bool) -> None:
        with archive.reading(Path(path)) as file:
            loaded = _Loaded(file, trusted=trusted)
            mine, said = Network(process), loaded.network
            its = {table: said[table][:size] for table, size in said["sizes"].items()}
            different = difference(mine.said, its)
            if different is not None:
                raise CheckpointError(f"the file holds another network: {different}")
            self.processes = mine.tables["processes"]
            for one in self.processes:
                loaded.names.add_home_of(type(one))
            decoder = decoder_for(
                loaded.document, loaded.names, self._tables(mine, loaded), trusted=loaded.trusted
            )
            self.pending = loaded.pending(decoder)
            if self.pending.resume is not None and process.is_compiled:
                self.pending.resume.check(process._la_executable)
            self._new: list[tuple[object, str, object]] = [
                (var, "init", decoder.value(entry["init"]))
                for var, entry in zip(mine.tables["vars"], its["vars"], strict=True)
            ]
            for one, entry in zip(self.processes, its["processes"], strict=True):
                self._new.append((one.proc_params, "_parameters", decoder.pairs(entry["params"])))
        self._old: list[tuple[object, str, object]] = []

    @staticmethod
    def _tables(mine: Network, loaded: _Loaded) -> Tables:
        """The network, and what the file's parameters refer to besides."""
        said = loaded.network
        if all(len(said[table]) == size for table, size in mine.sizes.items()):
            return mine.tables
        built = _rebuilt(loaded).tables
        return {t: mine.tables[t] + built[t][size:] for t, size in mine.sizes.items()}

    def commit(self) -> None:
        """Give the network the initial values and parameters of the file."""
        self._old = [(obj, name, getattr(obj, name)) for obj, name, _ in self._new]
        for obj, name, value in self._new:
            setattr(obj, name, value)

    def undo(self) -> None:
        """Take `commit` back."""
        for obj, name, value in self._old:
            setattr(obj, name, value)
