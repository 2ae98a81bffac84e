"""`AbstractSyncProtocol`: how the models of a sync domain keep together."""


class AbstractSyncProtocol:
    """Base of all sync protocols."""
