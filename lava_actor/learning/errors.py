"""What goes wrong with learning rules."""

from __future__ import annotations

from lava_actor.errors import InvalidTypeError, InvalidValueError


class MissingRuleError(InvalidTypeError, AttributeError):
    """A learning connection without a rule; also what programs written for Lava catch."""

    @classmethod
    def of(cls, owner: str, given: object) -> MissingRuleError:
        """Return the error for what `owner` was given as its rule."""
        return cls(
            f"{owner}.learning_rule: expected a LoihiLearningRule (Loihi2FLearningRule, "
            f"Loihi3FLearningRule, STDPLoihi, …), got {given!r}"
        )


class RuleError(InvalidValueError, AttributeError):
    """A rule string that cannot be read; the message shows the text and points at the fault.

    It is a `ValueError`, and an `AttributeError` as well, because programs written for Lava catch
    one or the other.

    Attributes
    ----------
    target : str
        ``"dw"``, ``"dd"`` or ``"dt"``.
    rule : str
        The text as it was given.
    position : int
        Index into `rule` of the first character at fault.
    """

    def __init__(self, target: str, rule: str, start: int, end: int, fault: str) -> None:
        self.target, self.rule, self.position = target, rule, start
        line = rule.replace("\n", " ").replace("\t", " ")
        caret = " " * start + "^" * max(1, end - start)
        super().__init__(f"{target}: {fault}, at position {start}\n    {line}\n    {caret}")

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between interpreters as the finished message (the constructor takes its parts)."""
        return (_restored, (str(self), self.target, self.rule, self.position))


def _restored(message: str, target: str, rule: str, position: int) -> RuleError:
    error = RuleError.__new__(RuleError, message)
    error.args = (message,)
    error.target, error.rule, error.position = target, rule, position
    return error
