"""The one error of this package."""


class ServiceError(Exception):
    """A service cannot be started, stopped or reached; the message is one sentence for the person."""
