"""The errors of the library: a closed set. Each message is one line."""
from __future__ import annotations


class Error(Exception):
    """The reason why a call failed or a stream ended. Its message is the server's if the server sent one.

    Only its subclasses in this module are raised.
    """

    retryable: bool = False
    """Whether the same request may succeed later."""


class InvalidRequestError(Error):
    """A value is out of range: fix the request."""


class DeviceNotFoundError(Error):
    """The device does not exist, or there is no default device: choose another."""


class FormatNotAvailableError(Error):
    """The format is not available: choose one of those that the message lists."""


class LimitReachedError(Error):
    """A limit of the server was reached, or this program was too slow with overflow="close": retry later."""

    retryable = True


class UnavailableError(Error):
    """The server is unreachable or stopping, or the device is busy or lost: retry later."""

    retryable = True


class NotAuthenticatedError(Error):
    """The token is missing, unknown, expired or revoked, or the server trusts no certificate of this client."""


class NotPermittedError(Error):
    """The caller is authenticated but does not have the required grant: ask the operator."""


class TlsFailedError(Error):
    """The server's certificate is not trusted, or only one side uses TLS."""


class CancelledError(Error):
    """This program closed the client during the call."""


class NotSupportedError(Error):
    """The server does not have the method: it is older than this client, or another program."""


class InternalError(Error):
    """Client and server are incompatible, or there is a bug: report it."""
