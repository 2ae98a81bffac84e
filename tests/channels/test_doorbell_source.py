"""The model of the doorbell is the code, and nobody goes round it. Read from the sources."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from tests.channels import doorbell

ROOT = Path(__file__).resolve().parents[2] / "lava_actor"
HEADERS = ("doorbell.h", "domain.h", "sleep.h")
CONTROL = re.sub(
    r"/\*.*?\*/",
    "",
    "".join((ROOT / "channels" / name).read_text() for name in HEADERS),
    flags=re.DOTALL,
)

MODELLED = (
    *("party_wake_fenced", "party_waits_for", "party_wake", "party_prepare", "party_cancel"),
    *("party_post", "go_to_sleep", "gate_prepare", "gate_cancel", "gate_open", "arena_abort"),
    *("domain_raise", "domain_arrive", "domain_release", "look", "wait_turn", "wait_turn_any"),
)
CALLS = tuple(n for n in MODELLED if not n.startswith(("arena", "domain", "wait")))
#: What an operation is called in C, and in the model.
NAMES = {
    "load": "load",
    "store": "store",
    "exchange": "exchange",
    "compare_exchange_weak": "exchange",
    "compare_exchange_strong": "exchange",
    "fetch_add": "add",
    "fetch_sub": "add",
    "full_fence": "fence",
    "futex_wait": "sleep",
    "futex_wait_any": "sleep",
    "futex_wake_all": "wake",
    "count_awake": "tally",
}
READ_BY_NAME = {"la_arena_aborted(": "arena->abort", "la_domain_epoch(": "domain->epoch"}
#: Atomic words, and what is neither a word nor named in the model.
WORDS = {"sleeping", "bell", "blocked", "mailbox", "word", "sleepers", "abort", "horizon", "epoch"}
WORDS |= {"arrived", "decision"}


def operations(text: str, names: tuple[str, ...], before: str, between: str) -> list[str]:
    """All operations on shared words, in the order of the text."""
    pattern = rf"\b{before}({'|'.join(names + CALLS)})(?:_explicit)?\({between}(\w*)"
    found = []
    for name, word in re.findall(pattern, text):
        word = word.removesuffix("_on")
        if word != "bits":  # goes along with `arrived`; the model does without
            found.append(f"{NAMES.get(name, name)} {word if word in WORDS else ''}".strip())
    return found


def in_c(name: str) -> list[str]:
    found = re.search(rf"\bla_{name}\(.*?\n}}", CONTROL, flags=re.DOTALL)
    assert found is not None
    body = found[0].split("{", 1)[1]
    for call, word in READ_BY_NAME.items():
        body = body.replace(call, f"atomic_load(&{word}, ")
    return operations(body, tuple(NAMES), "(?:atomic_|la_)", r"(?:&?[\w\[\]]+(?:->|\.))*")


def in_model(name: str) -> list[str]:
    text = inspect.getsource(getattr(doorbell, name)).split(":\n", 1)[1]
    word = r"\(*(?:f?\"(?:\{(?:who|home)\}\.|gate\.)?)?"
    return operations(text, tuple(set(NAMES.values())), "", word)


@pytest.mark.parametrize("name", MODELLED)
def test_the_model_does_what_the_code_does_in_the_same_order(name: str) -> None:
    assert in_model(name) == in_c(name) != []


def test_nobody_announces_a_sleep_or_sleeps_but_a_turn_of_a_wait() -> None:
    announce = re.compile(r"\bla_(?:party_prepare|gate_prepare|futex_wait\w*)\(")
    turns = re.findall(r"\bla_wait_turn\w*\(.*?\n}", CONTROL, flags=re.DOTALL)
    definitions = 2  # of the first two; the others are in futex.h
    assert len(announce.findall("".join(turns))) == len(announce.findall(CONTROL)) - definitions
    for file in ROOT.rglob("*.*"):
        if file.suffix in (".h", ".pyx", ".pxd", ".pxi", ".pyi", ".py"):
            text = file.read_text()
            assert file.name in (*HEADERS, "futex.h") or not announce.search(text), file
            assert not re.search(r"\b(?:prepare|commit|cancel)_wait\b", text), file
