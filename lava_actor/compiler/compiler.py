"""The compiler: Processes in, an `Executable` out. No process is started here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, TypedDict, cast

from lava_actor.channels.layout import DESK_BYTES, plan_arena
from lava_actor.compiler.domains import assign_domains, is_async
from lava_actor.compiler.exceptions import ProcessAlreadyCompiled
from lava_actor.compiler.executable import DomainPlan, Executable
from lava_actor.compiler.expand import expand
from lava_actor.compiler.hosts import threads_in
from lava_actor.compiler.lower import Lowering
from lava_actor.compiler.network import find_network
from lava_actor.compiler.placement import cut, place, shallow, share
from lava_actor.compiler.schedule import decide
from lava_actor.compiler.snapshot import Snapshot
from lava_actor.compiler.turns import plan_turns
from lava_actor.errors import InvalidTypeError, InvalidValueError, NetworkError
from lava_actor.model.declarations import check_members
from lava_actor.model.doubts import doubt, doubt_hierarchical
from lava_actor.process.hints import did_you_mean, warn, yes_or_no
from lava_actor.process.interfaces import where
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.process.times import step_seconds
from lava_actor.protocol.counts import whole_number

if TYPE_CHECKING:
    from lava_actor.compiler.run_configs import RunConfig
    from lava_actor.process.process import AbstractProcess

    class CompileConfig(TypedDict):
        """All options of ``compile_config``, see `DEFAULTS`."""

        pypy_channel_size: int | None
        schedule: str | None
        taps: bool
        placement: object
        actor_type: ActorType | None
        threads: object
        recording_memory: int
        seed: int | None
        ranks: Mapping[object, int] | None
        step_length: str | float | None
        use_watchdog: bool
        long_event_timeout: float
        short_event_timeout: float
        loihi_gen: str


#: The last party of every arena holds the runtime's own words.
RUNTIME_PARTY = "runtime"

#: Options of ``compile_config`` with their defaults; of other keys a warning tells.
DEFAULTS: CompileConfig = {
    "pypy_channel_size": None,  # messages per ring; None: from the payload size (64 while small)
    "schedule": None,  # "lockstep", "run_ahead" or None: the compiler decides
    "taps": True,  # RefPorts that only read get messages; False: all RefPorts take turns
    "placement": None,  # "actors", "cores", "auto", {Process or name: parts}, (mode, exceptions)
    "actor_type": None,  # an ActorType; None: MultiProcessing
    "threads": None,  # what runs in threads of this interpreter, whatever the actor_type
    "recording_memory": 1 << 30,  # bytes of recordings in memory; what is more goes to a file
    "seed": None,  # root of all random seeds; None: from NumPy's global generator
    "ranks": None,  # {Process or name: rank}, for programs under mpiexec; others have one rank
    "step_length": None,  # "0.1 ms", say: what a step stands for in progress, plots and exports
    "use_watchdog": False,  # accepted for compatibility: waits are always watched
    "long_event_timeout": 600.0,
    "short_event_timeout": 60.0,
    "loihi_gen": "oheogulch",
}


class Compiler:
    """Compiles a Process and everything connected to it.

    Parameters
    ----------
    compile_config : dict, optional
        Options, see `DEFAULTS`. The dict is not changed.
    loglevel : int
        Level of the compiler's logger.
    """

    def __init__(
        self, compile_config: Mapping[str, object] | None = None, loglevel: int = 30
    ) -> None:
        if not isinstance(compile_config, (Mapping, NoneType)):
            raise InvalidTypeError(
                f"compile_config: expected a dict of options, got {compile_config!r}. Options: "
                f"{', '.join(DEFAULTS)}"
            )
        self.compile_config = cast("CompileConfig", {**DEFAULTS, **(compile_config or {})})
        for key in self.compile_config.keys() - DEFAULTS.keys():
            warn(
                f"compile_config[{key!r}] is no option{did_you_mean(str(key), DEFAULTS)} and "
                f"changes nothing. Options: {', '.join(DEFAULTS)}"
            )
        if (depth := self.compile_config["pypy_channel_size"]) is not None:
            depth = whole_number("compile_config['pypy_channel_size']", depth, least=1)
            self.compile_config["pypy_channel_size"] = depth
        if self.compile_config["step_length"] is not None:
            step_seconds(self.compile_config["step_length"], "compile_config['step_length']")
        if not isinstance(ranks := self.compile_config["ranks"], (Mapping, NoneType)):
            raise InvalidTypeError(
                f"compile_config['ranks']: expected a dict of ranks by Process, got {ranks!r}"
            )
        yes_or_no("compile_config['taps']", self.compile_config["taps"])
        memory = self.compile_config["recording_memory"]
        if not hasattr(memory, "__index__") or memory < 0:
            raise InvalidValueError(
                f"compile_config['recording_memory']: expected a number of bytes, got {memory!r}"
            )
        self.log = logging.getLogger("lava_actor.compiler")
        self.log.setLevel(loglevel)

    def compile(self, process: AbstractProcess, run_cfg: RunConfig) -> Executable:
        """Compile the network of ``process``.

        Raises
        ------
        ProcessAlreadyCompiled
            If any Process of the network was compiled before and not stopped since.
        NoProcessModelFound, NetworkError, InvalidValueError
            See the messages. After an error every Process is as it was before the call.
        """
        if run_cfg is None:
            raise InvalidValueError(f"compile of {process.name}: run_cfg is required, got None")
        if not callable(getattr(run_cfg, "select", None)) or isinstance(run_cfg, type):
            raise InvalidTypeError(
                f"compile of {process.name}: expected a RunConfig, such as "
                f"Loihi2SimCfg(select_tag='floating_pt'), got {run_cfg!r}"
            )
        for member in find_network([process]):
            if member.is_compiled and member._la_is_over():  # it may be compiled again
                member._la_executable.forget()
        network = find_network([process])
        done = [p.name for p in network if p.is_compiled]
        if done:
            raise ProcessAlreadyCompiled(done[0])
        before = Snapshot(network)
        try:
            leaves, everything = expand(network, run_cfg)
            executable = self._lower(leaves, everything, run_cfg)
            before.seal()
            executable.before = before
            for member in everything:
                member._la_executable = executable
        except BaseException:
            before.undo()
            raise
        self.log.info("compiled %d processes, %s", len(leaves), executable.schedule.reason)
        return executable

    def _lower(
        self, leaves: list[AbstractProcess], everything: list[AbstractProcess], run_cfg: RunConfig
    ) -> Executable:
        for leaf in leaves:
            assert leaf.model_class is not None
            check_members(leaf, leaf.model_class)
        doubt(leaves)
        inner = set(leaves)
        outer = [process for process in everything if process not in inner]
        doubt_hierarchical(outer)
        _check_external_pipes(outer)
        custom = list(getattr(run_cfg, "custom_sync_domains", None) or [])
        domains, domain_of = assign_domains(leaves, custom, everything)
        how = {leaf: (domain_of[leaf].name, is_async(leaf)) for leaf in leaves}
        whole = Lowering(leaves, how, self.compile_config).run()
        placement = place(whole, self.compile_config)
        lowered = cut(whole, placement)
        schedule, turns = decide(lowered.actors, self.compile_config), plan_turns(lowered.actors)
        in_threads = self.compile_config["actor_type"] is ActorType.Threading
        actors, placement = share(
            lowered.actors, lowered.rings, placement, schedule, turns, in_threads=in_threads
        )
        clock = tuple(a.party for a in actors if not a.is_async)
        free = tuple(a.party for a in actors if a.is_async)
        members = {d.name: {a.party for a in actors if a.domain == d.name} for d in domains}
        plans = [
            DomainPlan(domain.name, type(domain.protocol).__name__, is_free, part)
            for domain in domains
            for is_free, parties in ((False, clock), (True, free))
            if (part := tuple(p for p in parties if p in members[domain.name]))
        ]
        executable = Executable(
            process_list=leaves,
            all_processes=everything,
            actors=actors,
            placement=placement,
            channel_builders=list(lowered.channels),
            sync_domains=domains,
            domains=tuple(plans),
            schedule=schedule,
            turns=turns,
            externals=lowered.externals,
            arena=plan_arena(
                (*lowered.parties, *placement.homes, RUNTIME_PARTY),
                (clock, free, *(d.members for d in plans if not d.is_async)),
                shallow(lowered.rings, actors),
                [p for p in clock if actors[p].phases.paced],
                DESK_BYTES,
            ),
            run_cfg=run_cfg,
            compile_config=self.compile_config,
        )
        executable.move_to_threads(threads_in(actors, self.compile_config["threads"]))
        return executable


def _check_external_pipes(hierarchical: list[AbstractProcess]) -> None:
    for process in hierarchical:
        for port in (*process.in_ports.members, *process.out_ports.members):
            if port.external_pipe_flag:
                raise NetworkError(
                    f"{where(port)} is flagged as external pipe, but {process.name} is "
                    f"hierarchical: flag the port of the sub-process it leads to"
                )
