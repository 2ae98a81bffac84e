"""The library: neurons, connections, sources and sinks, monitors.

Every Process lives in ``<name>/process.py`` and its models in ``<name>/models.py``; the Processes
of ``io`` have both in one module each. Fixed-point helpers are in `_arithmetic`, what connections
share in `_connection`, `_delays` and `_operators`. `connectivity` has recipes of synapses in the
place of matrices.
"""
