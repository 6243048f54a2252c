"""What can go wrong with the source systems. Every message says what, where and what to do."""


class MarketplaceError(Exception):
    """The root: catching it catches every failure of a source system."""


class PostgresUnavailable(MarketplaceError):
    """The embedded PostgreSQL cannot be created, started or found."""


class SimulationError(MarketplaceError):
    """The simulator was asked for something its past does not allow."""
