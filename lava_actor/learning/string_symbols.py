"""The words of the rule language, and the sets they belong to."""

from __future__ import annotations

X0, Y0, U = "x0", "y0", "u"
X1, X2 = "x1", "x2"
Y1, Y2, Y3 = "y1", "y2", "y3"
W, D, T = "w", "d", "t"
C = "C"
DW, DD, DT = "dw", "dd", "dt"

SPIKE_DEPENDENCIES = {X0, Y0}
DEPENDENCIES = {X0, Y0, U}
PRE_TRACES = {X1, X2}
POST_TRACES = {Y1, Y2, Y3}
TRACES = PRE_TRACES | POST_TRACES
SYNAPTIC_VARIABLES = {W, D, T}
FACTOR_STATE_VARS = SPIKE_DEPENDENCIES | TRACES | SYNAPTIC_VARIABLES | {C}
LEARNING_RULE_TARGETS = {DW, DD, DT}

SYNAPTIC_VARIABLE_VAR_MAPPING = {W: "weights", D: "tag_2", T: "tag_1"}
"""Letter in a rule → Var of the connection. Mind the crossing: d is tag_2 and t is tag_1."""
