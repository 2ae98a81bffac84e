"""Run configurations: which model runs a Process."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import NoneType

from lava_actor.errors import InvalidTypeError, NetworkError, UnsupportedError
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.py.base import AbstractPyProcessModel
from lava_actor.model.sub import AbstractSubProcessModel
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.process.hints import briefly, warn, yes_or_no
from lava_actor.process.process import AbstractProcess

ModelClass = type[AbstractProcessModel]


class RunConfig:
    """Base of run configurations: override `select`.

    Parameters
    ----------
    custom_sync_domains : list of SyncDomain, optional
        Groups of Processes with a protocol of their own; all others join default domains.
    loglevel : int
        Level of ``log``.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if ``custom_sync_domains`` is no list of sync domains.
    """

    @briefly
    def __init__(
        self, custom_sync_domains: list[SyncDomain] | None = None, loglevel: int = logging.WARNING
    ) -> None:
        self.log = logging.getLogger("lava_actor.run_config")
        if loglevel != logging.WARNING:  # the default leaves the user's logging set-up alone
            self.log.setLevel(loglevel)
        domains = [] if custom_sync_domains is None else custom_sync_domains
        where = f"{type(self).__name__}.custom_sync_domains"
        if not isinstance(domains, list):
            hint = f"; a tag is given as select_tag={domains!r}" * isinstance(domains, str)
            raise NetworkError(f"{where}: expected a list of SyncDomain, got {domains!r}{hint}")
        for domain in domains:
            if not isinstance(domain, SyncDomain):
                raise NetworkError(f"{where}: expected SyncDomain objects, got {domain!r}")
        self.custom_sync_domains = domains

    def __repr__(self) -> str:
        """Class, and what is not as usual."""
        given = {k: v for k, v in vars(self).items() if k != "log" and v}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"

    def select(self, process: AbstractProcess, proc_models: list[ModelClass]) -> ModelClass | None:
        """Return the model class for ``process``; called with positional arguments.

        Parameters
        ----------
        process : AbstractProcess
        proc_models : list of model classes
            The candidates, in order of discovery; never empty.
        """
        return None


class AbstractLoihiRunCfg(RunConfig):
    """Selects models by tag.

    Parameters
    ----------
    custom_sync_domains : list of SyncDomain, optional
    select_tag : str, optional
        Prefer models with this tag, for example ``"fixed_pt"`` or ``"floating_pt"``.
    select_sub_proc_model : bool
        Prefer sub-process models where there is a choice.
    exception_proc_model_map : dict, optional
        {Process or Process class: model class}, taken unconditionally.
    loglevel : int
    callback_fxs : list, optional
        Callbacks for the session before and after each run, see `lava.magma.core.callback_fx`.
    """

    @briefly
    def __init__(
        self, custom_sync_domains: list[SyncDomain] | None = None, select_tag: str | None = None,
        select_sub_proc_model: bool = False,
        exception_proc_model_map: Mapping[object, ModelClass] | None = None,
        loglevel: int = logging.WARNING, callback_fxs: list[object] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(custom_sync_domains=custom_sync_domains, loglevel=loglevel)
        owner = type(self).__name__
        if not isinstance(select_tag, (str, NoneType)):
            raise InvalidTypeError(f"{owner}.select_tag: expected a str, got {select_tag!r}")
        if not isinstance(exception_proc_model_map, (Mapping, NoneType)):
            raise InvalidTypeError(
                f"{owner}.exception_proc_model_map: expected a dict of models by Process or class "
                f"of Processes, got {exception_proc_model_map!r}"
            )
        self.select_tag = select_tag
        self.select_sub_proc_model = yes_or_no(
            f"{owner}.select_sub_proc_model", select_sub_proc_model
        )
        self.exception_proc_model_map = dict(exception_proc_model_map or {})
        for key in self.exception_proc_model_map:
            if not issubclass(key if isinstance(key, type) else type(key), AbstractProcess):
                raise InvalidTypeError(
                    f"exception_proc_model_map: expected Processes and classes of Processes as "
                    f"keys, got {key!r}"
                )
        self.callback_fxs: list[object] = list(callback_fxs or [])

    def select(self, process: AbstractProcess, proc_models: list[ModelClass]) -> ModelClass:
        """Select a model by exception map, kind and tag.

        A single candidate is taken if it has no tags or the wanted one. Of several, sub-process
        models are preferred if ``select_sub_proc_model`` asks for them (a single one whatever its
        tags); otherwise the first supported leaf model, with the wanted tag if one is given.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if there is no candidate, or none with the wanted tag.
        UnsupportedError
            (a `NotImplementedError`) if the only candidate is of an unsupported kind.
        """
        for key in (process, type(process)):
            if key in self.exception_proc_model_map:
                return self.exception_proc_model_map[key]
        if above := [c for c in type(process).__mro__ if c in self.exception_proc_model_map]:
            warn(
                f"exception_proc_model_map: its model for {above[0].__name__} is not that of "
                f"{process.name}, a {type(process).__name__}; name that class, or the Process"
            )
        if not proc_models:
            raise NetworkError(f"{process.name}: there is no model to select from")
        if len(proc_models) == 1:
            return self._only(process, proc_models[0])
        sub_models = [m for m in proc_models if issubclass(m, AbstractSubProcessModel)]
        if self.select_sub_proc_model and len(sub_models) == 1:
            return sub_models[0]
        if self.select_sub_proc_model and sub_models:
            return self._by_tag(process, sub_models, "sub-process model")
        leaf_models = [m for m in proc_models if issubclass(m, AbstractPyProcessModel)]
        return self._by_tag(process, leaf_models, "leaf model")

    def _only(self, process: AbstractProcess, model: ModelClass) -> ModelClass:
        if not issubclass(model, (AbstractSubProcessModel, AbstractPyProcessModel)):
            raise UnsupportedError(
                f"{process.name}: its only model {model.__qualname__} is neither a sub-process "
                f"model nor one that runs in Python"
            )
        if self.select_tag is None or not model.tags or self.select_tag in model.tags:
            return model
        raise NetworkError(
            f"{process.name}: select_tag is {self.select_tag!r}, but its only model is "
            f"{_described([model])}"
        )

    def _by_tag(
        self, process: AbstractProcess, models: Sequence[ModelClass], kind: str
    ) -> ModelClass:
        if not models:
            raise NetworkError(f"{process.name}: there is no {kind} to select from")
        if self.select_tag is None:
            return models[0]
        for model in models:
            if self.select_tag in model.tags:
                return model
        raise NetworkError(
            f"{process.name}: no {kind} has the tag {self.select_tag!r} that select_tag asks for; "
            f"there is {_described(models)}"
        )


class AbstractLoihiSimRunCfg(AbstractLoihiRunCfg):
    """Selects models that simulate Loihi on the CPU."""


class Loihi1SimCfg(AbstractLoihiSimRunCfg):
    """Run on the CPU, with the behaviour of Loihi 1."""


class Loihi2SimCfg(Loihi1SimCfg):
    """Run on the CPU, with the behaviour of Loihi 2."""


def _described(models: Sequence[ModelClass]) -> str:
    return ", ".join(f"{m.__qualname__} (tags: {', '.join(m.tags) or 'none'})" for m in models)
