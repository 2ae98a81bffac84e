"""What actors print and raise, and what the user is told of it."""
