"""The library: neurons, connections, sources and sinks, monitors.

Every Process lives in ``<name>/process.py`` and its models in ``<name>/models.py``; the Processes
of ``io`` have both in one module each. A constructor hands its parameters on with `given`; a model
says what it implements with `cpu_model` (in `_model`), and which members it has with ``LavaPyType``
or, where float and fixed twins share them, with `declares` (in `lava_actor.model.members`).
Fixed-point helpers are in `_arithmetic`, what connections share in `_connection`, `_delays` and
`_operators`. `connectivity` has recipes of synapses in the place of matrices.
"""

from lava_actor.process.hints import elsewhere as _elsewhere

__getattr__ = _elsewhere(__name__)
