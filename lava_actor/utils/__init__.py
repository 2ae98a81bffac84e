"""Helpers for users of the library: weights, plots, files."""
