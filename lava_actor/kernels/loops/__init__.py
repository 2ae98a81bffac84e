"""The native loops: C headers, and their declarations for other native modules."""
