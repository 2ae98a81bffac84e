"""One module per shape; each offers ``cases(full) -> Iterator[Case]``."""
