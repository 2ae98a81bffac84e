"""Processes: registration of members, hierarchy, and what they hand to the runtime."""

from __future__ import annotations

import gc
import importlib
import os
import threading
import weakref
from typing import Any
from unittest import mock
from unittest.mock import create_autospec

import numpy as np
import pytest

from lava_actor.errors import LavaActorWarning
from lava_actor.process.log import LogConfig
from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava_actor.process.process import AbstractProcess, ProcessPostInitCaller, ProcessServer
from lava_actor.process.variable import Var


class Everything(AbstractProcess):
    """One member of every kind, in no particular order, around the call of the base."""

    def __init__(self, **kwargs: Any) -> None:
        self.v2 = Var(shape=(2,))
        super().__init__(**kwargs)
        self.var_port1 = VarPort(self.v2)
        self.out_port2 = OutPort(shape=(1,))
        self.in_port1 = InPort(shape=(1,))
        self.out_port1 = OutPort(shape=(1,))
        self.v1 = Var(shape=(1,))
        self.ref_port1 = RefPort(shape=(1,))


# -- identity ---------------------------------------------------------------------------------


def test_ids_count_up_and_give_the_default_name() -> None:
    ProcessServer().reset_server()
    first, second = AbstractProcess(), AbstractProcess(name="Second process")
    assert (first.id, first.name) == (0, "Process_0")
    assert (second.id, second.name) == (1, "Second process")
    assert ProcessServer().processes == [first, second]
    assert ProcessServer().num_processes == 2


@pytest.mark.parametrize("name", ["", None])
def test_an_empty_name_is_no_name(name: str | None) -> None:
    process = AbstractProcess(name=name)
    assert process.name == f"Process_{process.id}"


def test_names_need_not_be_unique() -> None:
    assert AbstractProcess(name="twin").name == AbstractProcess(name="twin").name


def test_before_compilation_there_is_no_runtime_and_no_model() -> None:
    process = AbstractProcess()
    assert process.runtime is None
    assert process.model_class is None
    assert process.model is None
    assert process.parent_proc is None
    assert not process.is_compiled


def test_processes_are_equal_to_themselves_only() -> None:
    first, second = AbstractProcess(name="twin"), AbstractProcess(name="twin")
    assert first != second
    assert len({first, second}) == 2


def test_all_keywords_are_parameters() -> None:
    config = LogConfig()
    process = AbstractProcess(name="x", log_config=config, gain=3, shape=(2,))
    assert dict(process.proc_params) == {
        "name": "x", "log_config": config, "gain": 3, "shape": (2,),
    }  # fmt: skip
    assert process.log_config is config
    assert dict(AbstractProcess().proc_params) == {}


def test_parameters_are_keywords() -> None:
    with pytest.raises(TypeError):
        AbstractProcess("name")  # type: ignore[call-arg]


def test_a_process_shows_its_class_name_and_id() -> None:
    process = AbstractProcess(name="x")
    assert repr(process) == f"<AbstractProcess 'x', id {process.id}>"


# -- registration of members ------------------------------------------------------------------


def test_members_are_registered_in_alphabetical_order_with_name_and_parent() -> None:
    process = Everything()
    assert process.in_ports.member_names == ["in_port1"]
    assert process.out_ports.member_names == ["out_port1", "out_port2"]
    assert process.ref_ports.member_names == ["ref_port1"]
    assert process.var_ports.member_names == ["var_port1"]
    assert process.vars.member_names == ["v1", "v2"]
    assert process.procs.is_empty()
    for collection in (process.in_ports, process.out_ports, process.ref_ports, process.vars):
        for name, member in zip(collection.member_names, collection.members, strict=True):
            assert member is getattr(process, name)
            assert member.name == name
            assert member.process is process


def test_registration_follows_the_outermost_constructor() -> None:
    class Derived(Everything):
        def __init__(self) -> None:
            super().__init__()
            assert self.v1.process is None
            self.v0 = Var(shape=(1,))

    assert Derived().vars.member_names == ["v0", "v1", "v2"]


def test_registration_happens_once_per_construction() -> None:
    calls = []

    class Counting(AbstractProcess):
        def _post_init(self) -> None:
            calls.append(self)
            super()._post_init()

    class Derived(Counting):
        pass

    assert isinstance(Derived, ProcessPostInitCaller)
    process = Derived()
    assert calls == [process]


def test_a_failed_constructor_registers_nothing() -> None:
    class Broken(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            raise ZeroDivisionError

        def _post_init(self) -> None:
            raise AssertionError("must not be called")

    with pytest.raises(ZeroDivisionError):
        Broken()


def test_a_forgotten_call_of_the_base_is_named() -> None:
    class Forgetful(AbstractProcess):
        def __init__(self) -> None:
            self.v = Var(shape=(1,))

    with pytest.raises(AssertionError, match=r"Forgetful\.__init__: expected a call of super"):
        Forgetful()


def test_underscores_count_and_lists_do_not() -> None:
    class Hidden(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self._v = Var(shape=(1,))
            self.listed = [Var(shape=(1,))]
            self.mapped = {"v": Var(shape=(1,))}

    with pytest.warns(LavaActorWarning, match="in this (list|dict) are no members") as told:
        process = Hidden()
    assert len(told) == 2
    assert process.vars.member_names == ["_v"]
    assert process.listed[0].process is None


def test_a_var_under_two_names_counts_twice_with_a_warning_and_has_the_last_one() -> None:
    class Double(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.b = self.a = Var(shape=(1,))

    with pytest.warns(LavaActorWarning, match="are one Var"):
        process = Double()
    assert process.vars.member_names == ["a", "b"]
    assert process.a.name == "b"


def test_what_stands_in_the_class_body_is_a_member() -> None:
    class Declared(AbstractProcess):
        v = Var(shape=(1,))
        out = OutPort(shape=(1,))

    class Derived(Declared):
        out = OutPort(shape=(2,))

    process = Derived()
    assert process.vars.member_names == ["v"]
    assert process.out_ports.members == [Derived.out]
    assert process.v.process is process
    assert Declared.out.process is None
    with pytest.warns(LavaActorWarning, match=r"Derived\.(v|out) is a .* of the class"):
        other = Derived()
    assert other.vars.members == [Declared.v]
    assert Declared.v.process is other


def test_an_attribute_of_the_instance_hides_that_of_the_class() -> None:
    class Declared(AbstractProcess):
        v = Var(shape=(1,))

        def __init__(self) -> None:
            super().__init__()
            self.v = Var(shape=(2,))  # type: ignore[misc]

    assert Declared().vars.v.shape == (2,)


def test_properties_are_not_evaluated() -> None:
    class Careful(AbstractProcess):
        @property
        def trap(self) -> Var:
            raise AssertionError("evaluated")

        @property
        def fresh(self) -> Var:
            return Var(shape=(1,))

    assert Careful().vars.is_empty()


def test_later_attributes_wait_for_the_next_registration() -> None:
    process = Everything()
    late = process.v0 = Var(shape=(1,))  # type: ignore[attr-defined]
    assert late.process is None
    assert "v0" not in process.vars
    process._post_init()
    assert process.vars.member_names == ["v0", "v1", "v2"]
    assert late.process is process


def test_registering_again_replaces_what_was_rebound() -> None:
    process = Everything()
    before = process.in_port1
    process.in_port1 = InPort(shape=(3,))
    process._post_init()
    process._post_init()
    assert process.in_ports.member_names == ["in_port1"]
    assert process.in_ports.in_port1 is process.in_port1 is not before
    assert process.in_port1.process is process


def test_registering_again_keeps_sub_processes_that_are_no_attributes() -> None:
    process = Everything()
    parts = {name: AbstractProcess() for name in ("delta", "part", "alpha", "gamma", "beta")}
    process.register_sub_procs(parts)
    process._post_init()
    assert process.procs.members == list(parts.values())


def test_members_of_other_processes_are_not_taken_away() -> None:
    class Shortcut(AbstractProcess):
        def __init__(self, target: Everything) -> None:
            super().__init__()
            self.target_in = target.in_port1
            self.own = Var(shape=(1,))

    target = Everything()
    shortcut = Shortcut(target)
    assert shortcut.in_ports.is_empty()
    assert shortcut.vars.member_names == ["own"]
    assert target.in_port1.process is target
    assert target.in_port1.name == "in_port1"


def test_a_process_as_an_attribute_is_renamed_but_has_no_parent() -> None:
    class Owner(AbstractProcess):
        def __init__(self) -> None:
            super().__init__(name="owner")
            self.part = AbstractProcess(name="something")
            self.itself = self

    owner = Owner()
    assert owner.procs.member_names == ["part"]
    assert owner.part.name == "part"
    assert owner.part.process is owner  # type: ignore[attr-defined]
    assert owner.part.parent_proc is None
    owner.part._post_init()
    assert owner.part.procs.is_empty()
    assert owner.name == "owner"


def test_a_parent_is_no_part() -> None:
    parent, part = AbstractProcess(name="parent"), AbstractProcess(name="part")
    parent.register_sub_procs({"part": part})
    part._post_init()
    assert part.procs.is_empty()
    assert parent.name == "parent"


def test_helpers_of_registration_can_be_used_by_themselves() -> None:
    process = Everything()
    extra = {"extra": Var(shape=(1,))}
    process._init_proc_member_obj(extra)
    assert extra["extra"].name == "extra"
    assert extra["extra"].process is process
    assert list(process._find_attr_by_type(OutPort)) == ["out_port1", "out_port2"]


# -- reserved names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["vars", "id", "name", "log", "model", "runtime", "proc_params", "run", "_runtime"]
)
@pytest.mark.parametrize("early", [True, False])
def test_members_must_not_hide_what_a_process_needs(name: str, early: bool) -> None:
    class Hiding(AbstractProcess):
        def __init__(self) -> None:
            if not early:
                super().__init__()
            setattr(self, name, Var(shape=(1,)))
            if early:
                super().__init__()

    with pytest.raises(AssertionError, match=rf"Hiding\.{name}: expected another attribute name"):
        Hiding()


def test_nor_may_attributes_of_the_class() -> None:
    class Hiding(AbstractProcess):
        stop = OutPort(shape=(1,))  # type: ignore[assignment]

    with pytest.raises(AssertionError, match=r"Hiding\.stop: expected another attribute name"):
        Hiding()


def test_names_that_lava_has_no_use_for_are_free() -> None:
    class Free(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.reset = InPort(shape=(1,))  # type: ignore[assignment]

    assert Free().in_ports.member_names == ["reset"]


# -- hierarchy --------------------------------------------------------------------------------


def test_sub_processes_know_their_parent() -> None:
    top, middle, bottom = (AbstractProcess(name=name) for name in ("top", "middle", "bottom"))
    top.register_sub_procs({"m": middle})
    middle.register_sub_procs({"b": bottom})
    assert top.procs.m is middle
    assert middle.parent_proc is top
    assert middle.name == "middle"
    assert bottom.is_sub_proc_of(middle)
    assert bottom.is_sub_proc_of(top)
    assert not top.is_sub_proc_of(bottom)
    assert not top.is_sub_proc_of(top)


def test_only_processes_can_be_sub_processes() -> None:
    top, good = AbstractProcess(), AbstractProcess()
    with pytest.raises(AssertionError, match=r"register_sub_procs: expected a Process for 'bad'"):
        top.register_sub_procs({"good": good, "bad": 3})  # type: ignore[dict-item]
    assert good.parent_proc is None
    assert top.procs.is_empty()


def test_a_process_is_no_part_of_its_parts() -> None:
    top, part = AbstractProcess(), AbstractProcess()
    top.register_sub_procs({"part": part})
    for wrong in (top, part):
        with pytest.raises(AssertionError, match="cannot be a part of it"):
            part.register_sub_procs({"wrong": wrong})


def test_aliases_have_to_point_into_the_process() -> None:
    top, part, stranger = Everything(), Everything(), Everything()
    top.register_sub_procs({"part": part})
    top.v1.alias(part.v1)
    top.validate_var_aliases()
    top.v2.alias(stranger.v2)
    with pytest.raises(AssertionError, match=r"v2 is aliased to .*v2: expected a Var of a sub-pro"):
        top.validate_var_aliases()


# -- what goes on to the runtime --------------------------------------------------------------


def test_waiting_pausing_and_stopping_without_a_network_do_nothing() -> None:
    process = AbstractProcess()
    process.wait()
    process.pause()
    process.stop()
    with process as entered:
        assert entered is process


def test_commands_reach_the_runtime() -> None:
    process = AbstractProcess()
    runtime = process.runtime = mock.Mock(is_over=True)
    process.wait(timeout=2)
    process.pause()
    process.stop(timeout=3)
    assert runtime.mock_calls == [mock.call.wait(2), mock.call.pause(), mock.call.stop(3)]


def test_leaving_the_block_stops_even_after_an_error() -> None:
    process = AbstractProcess()
    process.runtime = mock.MagicMock(is_over=True)
    with pytest.raises(ZeroDivisionError), process:
        raise ZeroDivisionError
    process.runtime.__exit__.assert_called_once()


def test_compiling_and_running_go_through_the_session() -> None:
    process, config, condition, options = AbstractProcess(), object(), object(), {"x": 1}
    real = importlib.import_module("lava_actor.runtime.user.session")
    with mock.patch.object(AbstractProcess, "_la_session", create_autospec(real)) as session:
        session.compile.return_value = executable = object()
        assert process.compile(config, options) is executable
        process.create_runtime(config, executable, options)
        process.run(condition, config, options)
        process.run()
    session.compile.assert_called_once_with(process, config, options)
    session.create_runtime.assert_called_once_with(process, config, executable, options)
    usual = {"blocking": None, "progress": None, "step_length": None}
    assert session.run.mock_calls == [
        mock.call(process, condition, config, options, **usual),
        mock.call(process, None, None, None, **usual),
    ]


class FakeRuntime:
    """Notes in which thread it was stopped."""

    is_over = False

    def __init__(self, stopped: list[threading.Thread]) -> None:
        self._stopped = stopped

    def stop(self) -> None:
        self._stopped.append(threading.current_thread())


def test_a_network_nobody_refers_to_is_stopped_once_and_not_right_there() -> None:
    stopped: list[threading.Thread] = []
    runtime = FakeRuntime(stopped)
    one, other = Everything(), Everything()
    one.out_port1.connect(other.in_port1)
    one.runtime = other.runtime = runtime
    del one, other
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == "lava_actor-abandoned":
            thread.join()
    assert len(stopped) == 1
    assert stopped[0] is not threading.current_thread()


def test_a_network_that_is_over_is_left_alone() -> None:
    stopped: list[threading.Thread] = []
    process = AbstractProcess()
    process.runtime = FakeRuntime(stopped)
    process.runtime.is_over = True
    del process
    gc.collect()
    assert not stopped


def test_a_forked_child_does_not_stop_the_network_of_its_parent() -> None:
    stopped: list[threading.Thread] = []
    process = AbstractProcess()
    process.runtime = FakeRuntime(stopped)
    with mock.patch.object(os, "getpid", return_value=-1):
        del process
        gc.collect()
    assert not stopped


def test_nothing_keeps_a_process_alive_but_its_users() -> None:
    process = Everything()
    process.out_port1.connect(process.in_port1)
    gone = weakref.ref(process)
    del process
    gc.collect()
    assert gone() is None


def test_a_parameter_can_be_an_array() -> None:
    process = AbstractProcess(weights=np.eye(2))
    assert np.array_equal(process.proc_params["weights"], np.eye(2))
