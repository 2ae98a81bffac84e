"""The launcher, its program, processes, and what travels to them."""
