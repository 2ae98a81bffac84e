"""Ready-made learning rules."""
