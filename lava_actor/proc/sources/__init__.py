"""Spike sources: Poisson, regular, at given times."""
