"""Names of attributes in what earlier versions have written: none of ours began with ``_la_``."""

from __future__ import annotations

from typing import Any

PREFIX = "_la_"
"""Of what is ours in classes that users derive from, and neither Lava's nor a documented hook."""

FORMER = {
    "AbstractDataloader": "data_shape",
    "AbstractProcess": "_executable _home",
    "AbstractPyProcessModel": "_rng_seed first_row",
    "AbstractPyConvInTimeModel": "_columns",
    "AbstractPyConvModel": "_kernel _prepared_from _rest",
    "AbstractPyDataloaderModel": "_dataset _label _next_sample",
    "AbstractPyDelayDenseModel": "_late",
    "AbstractPyDelaySparseModel": "_later",
    "AbstractPyDeltaEncoderModel": "_buffer _compression",
    "AbstractPyLifModelFixed": "_scaled_from",
    "AbstractPyPoissonSource": "_means _rates _seed binary key",
    "AbstractPyReceiveModel": "_arranged",
    "AbstractPyRegularSource": "_checked",
    "AbstractPySpikeDataloaderModel": "_column",
    "AbstractPySpikeTimes": "neurons steps",
    "Columns": "_arranged",
    "Configured": "_config",
    "FixedNumbers": "weights_set",
    "FreeRunning": "_left _rested _stepper",
    "LearningConnectionModelBitApproximate": "_conn_var_random _x_random _y_random",
    "LearningSteps": "_arrived",
    "Piped": "_shape",
    "PyAsyncProcessModel": "_control",
    "PyDelayModel": "_first _places late",
    "PyLearningConnection": "_arrears _graded_spikes _receives_y_traces _rounding_seed _shown_rule "
    "_synapses _update _x2_alone _x_traces _y_traces",
    "PyLoihiProcessModel": "_phase",
    "PyMonitorModel": "_ports _vars",
    "PyNIRNeuronModel": "filters gain leaks share_mem share_syn spiking",
    "Spiker32bitModel": "_payload _period",
    "Takes": "_zeros",
    "TruncatedWeights": "weights_set",
    "VarWire": "_shape",
    "Wired": "_buffer_size _config _one_at_a_time",
    "_DenseWeights": "_columns",
    "_SparseWeights": "_given _operator",
}
"""By class, what its instances held under a name without the prefix."""


def renamed(obj: object, state: dict[str, Any]) -> dict[str, Any]:
    """A state that an earlier version has written, with the names that our attributes have now.

    What an object has under its name as it was just made is not ours.
    """
    ours = {n for cls in type(obj).__mro__ for n in FORMER.get(cls.__name__, "").split()}
    ours -= obj.__dict__.keys()
    return {
        PREFIX + name.lstrip("_") if name in ours else name: value for name, value in state.items()
    }
