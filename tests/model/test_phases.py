"""What the compiler reads from the code of a model class."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lava_actor.model.phases import PhaseTable, phase_table
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.convert import PyLoihiModelToPyAsyncModel
from lava_actor.model.py.loihi import PyLoihiProcessModel


class Plain(PyLoihiProcessModel):
    def run_spk(self) -> None:
        self.v = 1


def test_a_model_with_run_spk_only_has_an_empty_table() -> None:
    assert phase_table(Plain) == PhaseTable()
    assert phase_table(PyLoihiProcessModel) == PhaseTable()
    assert phase_table(Plain).describe() == "run_spk only"


@pytest.mark.parametrize(
    "name",
    [
        "pre_guard",
        "run_pre_mgmt",
        "lrn_guard",
        "run_lrn",
        "post_guard",
        "run_post_mgmt",
        "host_guard",
        "run_host_mgmt",
    ],
)
def test_every_overridden_method_is_seen_also_through_a_base_or_mixin(name: str) -> None:
    mixin = type("Mixin", (), {name: lambda self: True})
    direct = type("Direct", (PyLoihiProcessModel,), {name: lambda self: True})
    inherited = type("Inherited", (direct,), {})
    mixed = type("Mixed", (mixin, PyLoihiProcessModel), {})
    for cls in (direct, inherited, mixed):
        assert phase_table(cls) == PhaseTable(**{name: True})


def test_a_guard_that_is_assigned_to_the_instance_counts_as_overridden() -> None:
    class Assigns(PyLoihiProcessModel):
        def __init__(self, proc_params: Any) -> None:
            super().__init__(proc_params)
            self.post_guard = lambda: True  # type: ignore[method-assign]

    class SetsByName(PyLoihiProcessModel):
        def __init__(self, proc_params: Any) -> None:
            super().__init__(proc_params)
            setattr(self, "lrn_guard", lambda: True)  # noqa: B010  (the point of this test)

    assert phase_table(Assigns).post_guard
    assert not phase_table(Assigns).lrn_guard
    assert phase_table(SetsByName).lrn_guard


def test_a_method_that_is_replaced_later_is_seen() -> None:
    class Patched(PyLoihiProcessModel):
        def run_spk(self) -> None: ...

    assert phase_table(Patched) == phase_table(Patched) == PhaseTable()
    Patched.run_spk = sets_attribute  # type: ignore[method-assign]
    assert phase_table(Patched).may_request
    Patched.post_guard = lambda self: True  # type: ignore[method-assign]
    assert phase_table(Patched).post_guard


def test_free_running_models_have_no_phases() -> None:
    class Free(PyAsyncProcessModel):
        def run_async(self) -> None: ...

        def post_guard(self) -> bool:
            return True

    assert phase_table(Free) == PhaseTable()
    assert not phase_table(PyLoihiModelToPyAsyncModel(Plain)).post_guard


# -- requests -------------------------------------------------------------------------------------


def asks(method: Any) -> bool:
    cls = type("Model", (PyLoihiProcessModel,), {"run_spk": method})
    return phase_table(cls).may_request


class Holder:
    model: Any


def sets_attribute(self: Any) -> None:
    self._req_pause = True


def sets_stop(self: Any) -> None:
    self._req_stop = True


def calls_method(self: Any) -> None:
    if self.v:
        self.request_pause()


def calls_stop(self: Any) -> None:
    self.request_stop()


def in_a_lambda(self: Any) -> None:
    self.hook = lambda: [self.request_stop()]


def in_a_nested_function(self: Any) -> None:
    def inner() -> None:
        def deeper() -> None:
            self._req_pause = True

        deeper()

    inner()


def in_a_comprehension(self: Any) -> None:
    [x.request_pause() for x in [self]]


def by_constant_name(self: Any) -> None:
    setattr(self, "_req_pause", True)  # noqa: B010


def by_dict_update(self: Any) -> None:
    vars(self).update(_req_pause=True)


def by_dict_item(self: Any) -> None:
    self.__dict__["_req_" + "pause"] = True


def by_computed_name(self: Any) -> None:
    for name in ("a", "b"):
        setattr(self, "_req_" + name, True)


def by_variable_name(self: Any) -> None:
    getattr(self, self.action)()


def by_exec(self: Any) -> None:
    exec("self.request_" + "pause()")


def through_a_function(self: Any) -> None:
    calls_method(self)


def through_a_chain(self: Any) -> None:
    through_a_function(self)


def by_f_string(self: Any) -> None:
    kind = self.kind
    getattr(self, f"request_{kind}")()


def by_joined_string(self: Any) -> None:
    getattr(self, "_".join(self.words), None)


class Helper:
    def __init__(self, model: Any = None) -> None:
        self.model = model

    def work(self) -> None:
        self.model.request_pause()


def through_a_class(self: Any) -> None:
    Helper(self).work()


helper = Helper()


def through_an_object(self: Any) -> None:
    helper.model = self
    helper.work()


@pytest.mark.parametrize(
    "method",
    [
        sets_attribute,
        sets_stop,
        calls_method,
        calls_stop,
        in_a_lambda,
        in_a_nested_function,
        in_a_comprehension,
        by_constant_name,
        by_dict_update,
        by_dict_item,
        by_computed_name,
        by_variable_name,
        by_f_string,
        by_joined_string,
        by_exec,
        through_a_function,
        through_a_chain,
        through_a_class,
        through_an_object,
        property(sets_attribute),
        staticmethod(calls_method),
        classmethod(calls_method),
        functools.partialmethod(sets_attribute),
        functools.cached_property(sets_attribute),
        functools.lru_cache(sets_attribute),
    ],
)
def test_every_way_to_ask_for_a_pause_or_stop_is_seen(method: Any) -> None:
    assert asks(method)


def harmless(self: Any) -> None:
    self.v = getattr(self, "w", 3)
    self.v = getattr(self.a.b, "w", self.log)
    self.requests = hasattr(self, "request")


def harmless_constant_names(self: Any) -> None:
    setattr(self.log, "level", 3)  # noqa: B010
    getattr(self, "reset")()  # noqa: B009


def follows_libraries_only(self: Any) -> None:
    functools.reduce(lambda a, b: a + b, [1, 2])
    pytest.approx(3)


@pytest.mark.parametrize("method", [harmless, harmless_constant_names, follows_libraries_only])
def test_models_that_cannot_ask_are_not_suspected(method: Any) -> None:
    assert not asks(method)


def test_a_request_in_a_base_class_or_another_method_is_seen() -> None:
    class Base(PyLoihiProcessModel):
        def helper(self) -> None:
            self.request_pause()

    class Child(Base):
        def run_spk(self) -> None: ...

    assert phase_table(Child).may_request


def test_a_request_behind_a_decorator_is_seen() -> None:
    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return function(*args)

        return wrapper

    def silent(function: Any) -> Any:
        return lambda *args: [function(*args)]

    assert asks(logged(sets_attribute))
    assert asks(silent(sets_attribute))


def test_an_object_among_the_class_attributes_is_read_too() -> None:
    cls = type("Model", (PyLoihiProcessModel,), {"helper": Helper()})
    assert phase_table(cls).may_request


def test_functions_that_call_each_other_are_read_once() -> None:
    assert not asks(ping)


def ping(self: Any) -> None:
    pong(self)


def pong(self: Any) -> None:
    ping(self)


@pytest.fixture
def helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    (tmp_path / "my_helpers.py").write_text(
        "def ask(model):\n    model.request_stop()\n\ndef rest(model):\n    return 3\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import my_helpers  # type: ignore[import-not-found]

    yield my_helpers
    del sys.modules["my_helpers"]


def test_functions_of_other_modules_of_the_user_are_followed(helpers: types.ModuleType) -> None:
    scope: dict[str, Any] = {"my_helpers": helpers, "__name__": __name__}
    exec("def a(self): my_helpers.ask(self)\ndef b(self): my_helpers.rest(self)", scope)
    assert asks(scope["a"])
    assert not asks(scope["b"])


def test_computed_names_in_the_library_itself_are_no_request() -> None:
    namespace: dict[str, Any] = {"run_spk": by_computed_name, "__module__": "lava_actor.proc.some"}
    cls = type("LibraryModel", (PyLoihiProcessModel,), namespace)
    assert not phase_table(cls).may_request
    namespace["run_spk"] = sets_attribute
    cls = type("AskingLibraryModel", (PyLoihiProcessModel,), namespace)
    assert phase_table(cls).may_request
