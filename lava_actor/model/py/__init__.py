"""Base classes of models that run Python code."""
