"""Benchmarks as shapes of networks, each against what one would use instead.

``python -m benchmarks`` runs the short version, ``python -m benchmarks --full`` the long one. Every
workload checks its result; what is compared runs in turns within the same minute; the ratios are
what to look at. How to read the tables is told in ``docs/benchmarks.md``.
"""
