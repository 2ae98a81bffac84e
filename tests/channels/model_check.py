"""An explorer of interleavings: every order in which a few programs can touch shared words.

A program is a generator that yields one operation at a time (`load`, `store`, `exchange`, `add`,
`amend`, `fence`, `sleep`, `wake`, `until_other`, `choose`) and is sent its result. Everything that
may happen next happens: any program may go on, a sleeper's slice may end (a bounded number of
times), and on a machine with store buffers (``buffers=True``: total store order, as x86-64 has it)
a store may reach memory at any later moment, but not after the program's next atomic operation,
fence or system call.

An *end* is a state in which nothing can happen any more. If somebody waits in an end, nobody is
left to wake it: a wake-up was lost. That is what `explore` looks for, and hands out with the story
of how it came about.

A program's state is what its frames say (place and locals), so that a program needs no description
beside its text. One rule makes that right: no value may be held by an expression across a ``yield``
(no ``(yield a) + (yield b)``), and locals are hashable.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Op = tuple[Any, ...]
Cells = tuple[int, ...]
#: One program: its place, the words it sleeps at, slices left, stores that nobody else sees yet.
Run = tuple[int, "frozenset[int] | None", int, "tuple[tuple[int, int], ...]"]
Runs = tuple[Run, ...]
State = tuple[Cells, Runs]
#: Who did what; made into words for a story only.
Event = tuple[Any, ...]
Program = Callable[[], Generator[Op, Any, Any]]


def load(word: str) -> Op:
    return "load", word


def store(word: str, value: int) -> Op:
    return "store", word, value


def exchange(word: str, value: int) -> Op:
    """Store and return what was there, as one."""
    return "exchange", word, value


def add(word: str, by: int) -> Op:
    """Add and return what was there, as one."""
    return "add", word, by


def amend(word: str, function: Callable[..., int], *args: int) -> Op:
    """Replace what is there by what a function makes of it, and return it, as one."""
    return "amend", word, function, args


def tally(word: str, by: int) -> Op:
    """Add to a counter that no program reads: in whatever order, so together with what is next."""
    return "tally", word, by


def fence() -> Op:
    return ("fence",)


def sleep(*words: tuple[str, int]) -> Op:
    """Sleep while all words have these values (a futex); returns whether the slice ended."""
    return "sleep", words


def until_other(*words: tuple[str, int]) -> Op:
    """Wait until one of the words has another value; whoever writes it need not wake."""
    return "until_other", words


def wake(word: str) -> Op:
    """Wake all who sleep at a word."""
    return "wake", word


def choose() -> Op:
    """Return False or True: both happen."""
    return ("choose",)


class _Automaton:
    """What a program does next, as a function of its state and of what it is sent."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._histories: list[tuple[Any, ...]] = []
        self._ids: dict[Any, int] = {}
        self._next: dict[tuple[int, Any], int] = {}
        self.ops: list[Op | None] = []
        self.first = self._enter(())

    def advance(self, state: int, value: Any) -> int:
        if (found := self._next.get((state, value))) is None:
            found = self._enter((*self._histories[state], value))
            self._next[state, value] = found
        return found

    def _enter(self, history: tuple[Any, ...]) -> int:
        run = self._program()
        op: Op | None = None
        key: Any = None
        try:
            op = next(run)
            for value in history:
                op = run.send(value)
            key = _place(run)
        except StopIteration:
            op = None
        if (state := self._ids.get(key)) is None:
            state = self._ids[key] = len(self.ops)
            self.ops.append(op)
            self._histories.append(history)
        assert self.ops[state] == op, f"an expression holds a value across a yield before {op}"
        return state


def _place(run: Any) -> tuple[Any, ...]:
    places = []
    while run is not None:
        frame = run.gi_frame
        places.append((run.gi_code, frame.f_lasti, tuple(sorted(frame.f_locals.items()))))
        run = run.gi_yieldfrom
    return tuple(places)


@dataclass
class Found:
    """What an exploration met."""

    states: int = 0
    ends: list[dict[str, int]] = field(default_factory=list)
    """Memory in every end in which all programs have come to theirs."""
    lost: list[str] | None = None
    """The story of a wake-up that was lost."""


def explore(
    memory: Mapping[str, int],
    programs: Mapping[str, Program],
    *,
    buffers: bool,
    slices: int = 0,
    most: int = 1_000_000,
) -> Found:
    """Visit every state, or all up to the first end in which somebody sleeps.

    ``slices``: how many sleeps of each program may end by themselves.
    """
    words = {word: i for i, word in enumerate(memory)}
    names = list(programs)
    automata = [_Automaton(program) for program in programs.values()]

    def settle(cells: Cells, runs: Runs, i: int, run: Run) -> State:
        """Let a program do at once what no other can tell from doing it later."""
        place, asleep, left, unseen = run
        while not asleep and (op := automata[i].ops[place]):
            if op[0] == "tally":
                cells = _put(cells, words[op[1]], cells[words[op[1]]] + op[2])
            elif op[0] == "store" and buffers:
                unseen = (*unseen, (words[op[1]], op[2]))
            elif op[0] != "fence" or unseen:
                break
            place = automata[i].advance(place, None)
        return cells, _put(runs, i, (place, asleep, left, unseen))

    def after(state: State) -> Iterator[tuple[State, Event]]:
        cells, runs = state
        for i, (place, asleep, left, unseen) in enumerate(runs):

            def go(value: Any, cells: Cells = cells, runs: Runs = runs, i: int = i) -> State:
                place, _, left, unseen = runs[i]
                place = automata[i].advance(place, value)
                return settle(cells, runs, i, (place, None, left, unseen))

            who, op = names[i], automata[i].ops[place]
            if unseen:
                (word, value), rest = unseen[0], unseen[1:]
                run = (place, asleep, left, rest)
                yield settle(_put(cells, word, value), runs, i, run), (who, "its store is seen")
            if asleep:
                if left:
                    rested = _put(runs, i, (place, None, left - 1, unseen))
                    yield go(True, runs=rested), (who, "its slice ends")
                continue
            if op is None:
                continue
            text = (who, op)
            if op[0] == "load":
                word = words[op[1]]
                own = [value for at, value in unseen if at == word]
                yield go(own[-1] if own else cells[word]), text
            elif op[0] == "until_other":
                if any(cells[words[word]] != value for word, value in op[1]):
                    yield go(None), text
            elif op[0] == "choose":
                yield go(False), text
                yield go(True), text
            elif unseen:
                continue  # what follows waits for the stores before it
            elif op[0] == "sleep":
                if all(cells[words[word]] == key for word, key in op[1]):
                    at = frozenset(words[word] for word, _ in op[1])
                    yield (cells, _put(runs, i, (place, at, left, ()))), text
                else:
                    yield go(False), (who, op, "no")
            elif op[0] == "wake":
                woken = go(None)
                for j, run in enumerate(runs):
                    if run[1] and words[op[1]] in run[1]:
                        up = (automata[j].advance(run[0], False), None, *run[2:])
                        woken = settle(*woken, j, up)
                yield woken, text
            else:
                word = words[op[1]]
                value = op[2]
                if op[0] == "add":
                    value += cells[word]
                elif op[0] == "amend":
                    value = op[2](cells[word], *op[3])
                yield go(cells[word], cells=_put(cells, word, value)), text

    state: State = (tuple(memory.values()), tuple((a.first, None, slices, ()) for a in automata))
    for i in range(len(names)):
        state = settle(*state, i, state[1][i])
    came_from: dict[State, tuple[State | None, Event]] = {state: (None, ())}
    todo = [state]
    found = Found()
    while todo:
        state = todo.pop()
        last = True
        for successor, event in after(state):
            last = False
            if successor not in came_from:
                came_from[successor] = (state, event)
                todo.append(successor)
        if last and any(a.ops[run[0]] for a, run in zip(automata, state[1], strict=True)):
            found.lost = _story(came_from, state)
            break
        if last:
            found.ends.append(dict(zip(memory, state[0], strict=True)))
        assert len(came_from) < most, f"more than {most} states"
    found.states = len(came_from)
    return found


def _put(values: tuple[Any, ...], i: int, value: Any) -> tuple[Any, ...]:
    return (*values[:i], value, *values[i + 1 :])


def _story(came_from: dict[State, tuple[State | None, Event]], end: State) -> list[str]:
    lines = []
    state: State | None = end
    while state is not None:
        state, event = came_from[state]
        lines.append(": ".join(map(str, event)))
    return lines[-2::-1]
