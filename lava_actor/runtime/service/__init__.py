"""One per sync domain: starts actors, grants steps, watches."""
