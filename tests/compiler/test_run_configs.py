"""Which model a run configuration selects."""

from __future__ import annotations

from typing import Any

import pytest

from lava_actor.compat.lava_names.run_configs import (
    EMBEDDED_ALLOCATION_ORDER,
    AbstractLoihiHWRunCfg,
    Loihi1HwCfg,
    Loihi2HwCfg,
)
from lava_actor.compiler.run_configs import (
    AbstractLoihiSimRunCfg,
    Loihi1SimCfg,
    Loihi2SimCfg,
    RunConfig,
)
from lava_actor.model.decorator import tag
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.sub import AbstractSubProcessModel
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.process.process import AbstractProcess


class SomeProcess(AbstractProcess):
    pass


PROCESS: Any = SomeProcess(name="some")


@tag("floating_pt")
class Float(PyLoihiProcessModel):
    pass


@tag("fixed_pt", "bit_accurate_loihi")
class Fixed(PyLoihiProcessModel):
    pass


class Untagged(PyAsyncProcessModel):
    pass


class Sub(AbstractSubProcessModel):
    def __init__(self, proc: Any) -> None: ...


@tag("fixed_pt")
class FixedSub(AbstractSubProcessModel):
    def __init__(self, proc: Any) -> None: ...


@tag("floating_pt")
class FloatSub(AbstractSubProcessModel):
    def __init__(self, proc: Any) -> None: ...


class Foreign(AbstractProcessModel):
    pass


CONFIGS = [Loihi1SimCfg, Loihi2SimCfg, Loihi1HwCfg, Loihi2HwCfg]


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_plain_config_selects_nothing_by_itself() -> None:
    config = RunConfig()
    assert config.select(PROCESS, [Float]) is None
    assert config.custom_sync_domains == []


def test_a_subclass_may_name_its_parameters_as_it_likes() -> None:
    class First(RunConfig):
        def select(self, proc: Any, proc_models: Any) -> Any:
            return proc_models[0]

    assert First().select(PROCESS, [Fixed, Float]) is Fixed


def test_custom_sync_domains_must_be_a_list_of_domains() -> None:
    domain = SyncDomain("d")
    assert RunConfig([domain]).custom_sync_domains == [domain]
    assert Loihi1SimCfg(custom_sync_domains=[domain]).custom_sync_domains == [domain]
    for wrong in (domain, (domain,), ["d"], [None]):
        with pytest.raises(AssertionError, match="custom_sync_domains"):
            RunConfig(wrong)  # type: ignore[arg-type]


def test_no_candidates_is_an_error(config: Any) -> None:
    with pytest.raises(AssertionError, match="some: there is no model"):
        config().select(PROCESS, [])


def test_exceptions_win_over_everything(config: Any) -> None:
    by_class = config(select_tag="fixed_pt", exception_proc_model_map={SomeProcess: Float})
    assert by_class.select(PROCESS, [Fixed]) is Float
    assert by_class.select(PROCESS, []) is Float
    by_instance = config(exception_proc_model_map={PROCESS: Untagged, SomeProcess: Float})
    assert by_instance.select(PROCESS, [Fixed]) is Untagged


@pytest.mark.parametrize("only", [Float, Untagged, FloatSub, Sub])
def test_a_single_candidate_is_taken_if_no_tag_contradicts(config: Any, only: Any) -> None:
    assert config().select(PROCESS, [only]) is only
    assert config(select_tag="floating_pt").select(PROCESS, [only]) is only


@pytest.mark.parametrize("only", [Float, FloatSub])
def test_a_single_candidate_with_other_tags_is_refused(config: Any, only: Any) -> None:
    with pytest.raises(AssertionError, match=r"select_tag is 'fixed_pt'.*floating_pt"):
        config(select_tag="fixed_pt").select(PROCESS, [only])


def test_a_single_candidate_of_an_unknown_kind_is_unsupported(config: Any) -> None:
    with pytest.raises(NotImplementedError, match="some"):
        config().select(PROCESS, [Foreign])


def test_of_several_leaf_models_the_first_or_the_first_with_the_tag_is_taken(config: Any) -> None:
    candidates = [Sub, Foreign, Untagged, Float, Fixed]
    assert config().select(PROCESS, candidates) is Untagged
    assert config(select_tag="fixed_pt").select(PROCESS, candidates) is Fixed
    assert config(select_tag="bit_accurate_loihi").select(PROCESS, candidates) is Fixed


def test_untagged_models_do_not_match_a_tag_if_there_is_a_choice(config: Any) -> None:
    with pytest.raises(AssertionError, match=r"no leaf model has the tag 'fixed_pt'.*Untagged"):
        config(select_tag="fixed_pt").select(PROCESS, [Untagged, Float])


def test_several_candidates_without_leaf_model_need_the_option_for_sub_processes(
    config: Any,
) -> None:
    with pytest.raises(AssertionError, match="no leaf model"):
        config().select(PROCESS, [Sub, FixedSub])


def test_sub_process_models_are_preferred_on_request(config: Any) -> None:
    sub = config(select_sub_proc_model=True)
    assert sub.select(PROCESS, [Float, Sub]) is Sub
    assert sub.select(PROCESS, [Float, FloatSub, FixedSub]) is FloatSub
    assert sub.select(PROCESS, [Float, Fixed]) is Float
    tagged = config(select_sub_proc_model=True, select_tag="fixed_pt")
    assert tagged.select(PROCESS, [Fixed, FloatSub]) is FloatSub  # the only one: tags are ignored
    assert tagged.select(PROCESS, [Fixed, FloatSub, FixedSub]) is FixedSub
    with pytest.raises(AssertionError, match="no sub-process model has the tag"):
        tagged.select(PROCESS, [Fixed, FloatSub, Sub])


def test_the_kinds_of_configs_are_related_as_programs_expect() -> None:
    assert issubclass(Loihi2SimCfg, Loihi1SimCfg)
    assert issubclass(Loihi1SimCfg, AbstractLoihiSimRunCfg)
    assert issubclass(Loihi1HwCfg, AbstractLoihiHWRunCfg)
    assert issubclass(Loihi2HwCfg, AbstractLoihiHWRunCfg)


def test_hardware_configs_take_callbacks_and_an_allocation_order() -> None:
    callback = object()
    config = Loihi2HwCfg(
        callback_fxs=[callback], embedded_allocation_order=EMBEDDED_ALLOCATION_ORDER.REVERSED
    )
    assert config.callback_fxs == [callback]
    assert config.embedded_allocation_order == -1
    assert Loihi1HwCfg().callback_fxs == []
    assert Loihi1HwCfg().embedded_allocation_order == EMBEDDED_ALLOCATION_ORDER.NORMAL == 1
    assert Loihi1SimCfg(callback_fxs=[callback]).callback_fxs == [callback]


def test_the_map_of_the_user_is_not_shared() -> None:
    given: dict[Any, Any] = {SomeProcess: Float}
    config = Loihi1SimCfg(exception_proc_model_map=given)
    config.exception_proc_model_map[PROCESS] = Fixed
    assert given == {SomeProcess: Float}
