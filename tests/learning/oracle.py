"""Learning connections written down once more, synapse by synapse and as slowly as that is.

Nothing is shared with the package but the parsed rule. Everything is a plain Python number,
integers are brought to 32 bits by hand, and every synapse is visited in every epoch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

X, Y = ("x1", "x2"), ("y1", "y2", "y3")
VARIABLES = {"w": "weights", "d": "tag_2", "t": "tag_1"}
WIDTHS = {
    "x0": 1, "y0": 1, "x1": 7, "x2": 7, "y1": 7, "y2": 7, "y3": 7, "w": 9, "d": 9, "t": 9,
}  # fmt: skip
FINAL = {"MIXED": (-256, 255), "EXCITATORY": (0, 255), "INHIBITORY": (-255, 0)}


def wrap(number: int) -> int:
    """Keep 32 bits."""
    return (number + 2**31) % 2**32 - 2**31


def clip(number: Any, low: Any, high: Any) -> Any:
    return max(low, min(high, number))


class Oracle:
    """One learning connection with binary spikes.

    Parameters
    ----------
    rule : LoihiLearningRule
    three_factor, fixed : bool
    sign_mode : str
    matrices : {Var: list of lists}
    stored : {Var: list of lists of bool}, optional
        Entries that exist.
    """

    def __init__(
        self,
        rule: Any,
        *,
        three_factor: bool,
        fixed: bool,
        sign_mode: str,
        matrices: dict[str, np.ndarray],
        stored: dict[str, np.ndarray] | None = None,
    ) -> None:
        self.rule, self.three_factor, self.fixed, self.sign_mode = (
            rule, three_factor, fixed, sign_mode,
        )  # fmt: skip
        self.m = {name: value.tolist() for name, value in matrices.items()}
        self.stored = stored or {name: np.ones_like(v, bool) for name, v in matrices.items()}
        self.post, self.pre = matrices["weights"].shape
        self.trace = {name: [0] * self.pre for name in X} | {name: [0] * self.post for name in Y}
        self.tx, self.ty = [0] * self.pre, [0] * self.post
        self.t = 0
        seed = rule.rng_seed
        self.streams = {
            "x": (np.random.default_rng(seed), np.random.default_rng(seed + 1)),
            "y": (np.random.default_rng(seed + 2), np.random.default_rng(seed + 3)),
        }
        self.rounding = np.random.default_rng(2)
        self.now: dict[str, tuple[float, int]] = {}
        self.advance()
        self.rounding.random()

    def advance(self) -> None:
        for side, (decay, impulse) in self.streams.items():
            self.now[side] = (decay.random(1)[0], impulse.integers(0, 128, size=1, dtype=int)[0])

    def added(self, name: str, value: Any, number: float) -> Any:
        impulse = getattr(self.rule, f"{name}_impulse")
        if not self.fixed:
            return value + impulse
        whole = math.floor(impulse)
        fraction = round((impulse - whole) * 256)
        return clip(value + whole + (number < fraction), 0, 127)

    def decayed(self, name: str, value: Any) -> Any:
        tau = getattr(self.rule, f"{name}_tau")
        exact = math.exp(-1 / tau) * value if tau > 0 else 0.0
        if not self.fixed:
            return exact
        whole = math.floor(exact)
        return whole + (self.now[name[0]][0] < exact - whole)

    def step(self, pre: np.ndarray, post: np.ndarray, received: dict[str, np.ndarray]) -> None:
        self.t += 1
        position = (self.t - 1) % self.rule.t_epoch + 1
        for j in np.flatnonzero(pre):
            if self.tx[j]:
                for name in X:
                    self.trace[name][j] = self.added(name, self.trace[name][j], 0)
            self.tx[j] = position
        self.advance()
        for i in np.flatnonzero(post):
            if self.ty[i]:
                for name in Y:
                    self.trace[name][i] = self.added(name, self.trace[name][i], self.now["y"][1])
            self.ty[i] = position
        if self.three_factor:
            for name in Y:
                self.trace[name] = [int(v) if self.fixed else float(v) for v in received[name]]
        self.advance()
        if self.t % self.rule.t_epoch == 0:
            self.learn()

    def learn(self) -> None:
        self.rounding_number = self.rounding.random()
        history = {name: self.course(name) for name in X + Y}
        for name in X if self.three_factor else X + Y:
            self.trace[name] = [course[-1] for course in history[name]]
        new = {}
        for target, series in self.rule.active_product_series.items():
            variable = VARIABLES[target[1]]
            new[variable] = [
                [
                    self.changed(variable, series.products, i, j, history)
                    if self.stored[variable][i][j]
                    else self.m[variable][i][j]
                    for j in range(self.pre)
                ]
                for i in range(self.post)
            ]
        self.m.update(new)
        self.tx, self.ty = [0] * self.pre, [0] * self.post

    def course(self, name: str) -> list[list[Any]]:
        last = self.tx if name in X else self.ty
        courses = []
        for neuron, value in enumerate(self.trace[name]):
            course = [value]
            for k in range(1, self.rule.t_epoch + 1):
                value = self.decayed(name, value)
                if last[neuron] == k:
                    value = self.added(name, value, self.now[name[0]][1])
                course.append(value)
            courses.append(course)
        return courses

    def changed(self, variable: str, products: list[Any], i: int, j: int, history: Any) -> Any:
        z = self.m[variable][i][j]
        accumulator = z * 128 if self.fixed else 0.0
        for product in products:
            value = self.product(product, i, j, history)
            if self.fixed:
                accumulator = clip(accumulator + clip(value, -32769, 32767), -32769, 32767)
            else:
                accumulator += value
        if not self.fixed:
            accumulator += z
        mode = self.sign_mode if variable == "weights" else "MIXED"
        if mode == "EXCITATORY" or variable == "tag_2":
            accumulator = max(0, accumulator)
        elif mode == "INHIBITORY":
            accumulator = min(0, accumulator)
        if not self.fixed:
            return accumulator
        whole = accumulator // 128
        rounded = whole + (self.rounding_number < accumulator / 128 - whole)
        ranges = {"weights": FINAL[mode], "tag_2": (0, 255), "tag_1": (-257, 255)}
        return clip(rounded, *ranges[variable])

    def product(self, product: Any, i: int, j: int, history: Any) -> Any:
        tx, ty, end = self.tx[j], self.ty[i], self.rule.t_epoch
        k = product.decimate_exponent
        holds, when = {
            "x0": (tx > 0, tx),
            "y0": (ty > 0, ty),
            "u": (k is not None and (self.t // end) % 2**k == 0, end),
        }[product.dependency]
        if not holds:
            return 0
        exponent = product.s_exp - 7
        value, width = (1, 4) if self.fixed else (product.s_mantissa * 2.0**exponent, 0)
        for factor in product.factors:
            name = factor.state_var
            if name in X:
                state = history[name][j][when]
            elif name in Y:
                state = history[name][i][when]
            elif name in VARIABLES:
                state = self.m[VARIABLES[name]][i][j]
            else:
                state = int({"x0": tx, "y0": ty}[name] > 0)
            state += factor.const or 0
            if factor.is_sgn:
                state = (state > 0) - (state < 0)
            if self.fixed:
                bits = WIDTHS[name]
                value = wrap(value * int(clip(state, -(2**bits), 2**bits - 1)))
                width += bits
            else:
                value *= state
        if not self.fixed:
            return value
        value = wrap(value * product.s_mantissa)
        return wrap((value >> max(0, width - 15)) << (exponent + 7))
