"""What a model class declares so that its Process can be cut into parts, each in its own actor.

A part is a model of the same class for some of the neurons. That is right only if each neuron's
step needs nothing of the others', which is what ``cut`` says. The declaration holds for the class
in which it stands and for subclasses that define nothing but declarations; one with methods of its
own may do anything, and stays whole until it declares itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType


@dataclass(frozen=True)
class Cut:
    """How the parts of a Process share its members; the value of ``cut`` in a model class.

    Parameters
    ----------
    along : str
        The OutPort with one element per neuron.
    divided : names
        Vars, InPorts, OutPorts and other attributes with an element, or a row, per neuron: each
        part has those of its neurons. One of another shape, and all others, every part has whole.
    alike : names
        Vars of several elements which every part has whole and treats as the others do.
    remade : names
        Attributes that a model finds out anew from its Vars: they are left out when a saved state
        goes on in another number of parts.
    cost : float
        About how many nanoseconds a step takes for each number in the divided Vars, of connections
        if one neuron in a hundred spikes; by that the compiler divides work between cores.
    sends_first : bool
        Whether a step sends before it receives, as connections do. Then it works when the others,
        whose spikes it waits for, have done their step, and lives beside the neurons that it feeds.
    by_slices : bool
        Whether parts have whole slices of the first axis of ``along``, and so its other axes.
    """

    along: str
    divided: tuple[str, ...]
    cost: float = 0.5
    sends_first: bool = False
    alike: tuple[str, ...] = ()
    by_slices: bool = False
    remade: tuple[str, ...] = ()


def why_not(cls: type[object]) -> str | None:
    """Say why a model class cannot be cut, as far as its declarations tell."""
    if not isinstance(getattr(cls, "cut", None), Cut):  # a user may call something else like that
        return f"{cls.__qualname__} declares no cut"
    for owner in cls.__mro__:
        if "cut" in owner.__dict__:
            return None
        for name, member in owner.__dict__.items():
            if isinstance(member, _CODE) and not name.startswith("__annotate"):
                return f"{owner.__qualname__} has a {name} of its own, and declares no cut"
    return None


_CODE = (FunctionType, classmethod, staticmethod, property)
