"""What an object store refuses, as errors that say what to do.

File systems of fsspec raise what they like: their own errors, those of the libraries below,
and those of the operating system. Here all of them become errors of decamp. Nothing is
imported for it: what an error is, its class and the code of the server's answer tell.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from decamp import (
    AccessDenied,
    AuthError,
    ConfigError,
    DestinationFull,
    DestinationRefused,
    ItemRejected,
    RateLimited,
    TransferError,
    Unavailable,
)

__all__ = ["explain_remote", "remote_explained"]

_AGAIN = "then run the same command again; it continues where it stopped."
_SIGN_IN = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, as for Amazon's own tools; "
    "for other services see their package. decamp takes no keys on the command line."
)

_NO_SIGN_IN = {
    *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
    *("ProfileNotFound", "SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError"),
}
_BAD_SIGN_IN = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
    *("TokenRefreshRequired", "RequestTimeTooSkewed", "InvalidSecurity", "AuthFailure"),
}
_FORBIDDEN = {"AccessDenied", "AllAccessDisabled", "AccountProblem", "403"}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"}
_TAKEN = {"PreconditionFailed", "412"}
_UNKNOWN = {"NotImplemented", "501"}
_TOO_LARGE = {"EntityTooLarge", "KeyTooLongError"}
_SLOW = {"SlowDown", "TooManyRequests", "Throttling", "ThrottlingException", "429"}
_BUSY = {
    *("InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted"),
    *("ConditionalRequestConflict", "500", "502", "503", "504", "409"),
}
_NETWORK = {
    *("EndpointConnectionError", "ConnectionError", "HTTPClientError", "ClientConnectionError"),
    *("ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError", "FSTimeoutError"),
    *("TimeoutError", "IncompleteRead", "ClientPayloadError", "ResponseParserError"),
}
_UNTRUSTED = {"SSLError", "SSLCertVerificationError", "ClientConnectorCertificateError"}
_NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def remote_explained(where: str, *passing: type[Exception]) -> Iterator[None]:
    """Turn whatever a file system raises into an error of decamp.

    Args:
        where: The address, for people.
        passing: What the caller asks for: `FileNotFoundError`, `FileExistsError`, or
            `NotImplementedError`, which a server says too.
    """
    try:
        yield
    except TransferError:
        raise
    except Exception as error:
        words = _words(error)
        if isinstance(error, passing) and "NoSuchBucket" not in words:
            raise
        if FileExistsError in passing and words & _TAKEN:
            raise FileExistsError(where) from error
        if NotImplementedError in passing and words & _UNKNOWN:
            raise NotImplementedError(where) from error
        raise explain_remote(error, where) from error


def explain_remote(error: Exception, where: str) -> TransferError:
    """Make the error that `remote_explained` raises."""
    words = _words(error)
    if words & _NO_SIGN_IN:
        return AuthError(f"{where} asks for a sign-in, and none was found.", hint=_SIGN_IN)
    if words & _BAD_SIGN_IN:
        return AuthError(f"{where} does not accept the sign-in ({_code(error)}).", hint=_SIGN_IN)
    if "NoSuchBucket" in words:
        return DestinationRefused(
            f"{where} does not exist: there is no such bucket.",
            hint="Check its name, or make the bucket first; decamp makes none.",
        )
    if words & _FULL or _number(error) in _NO_SPACE:
        return DestinationFull(f"No room left to write {where}.", hint=f"Make room, {_AGAIN}")
    if words & _TOO_LARGE:
        return ItemRejected(
            f"{where} cannot be written: too large, or its name too long ({_code(error)}).",
            hint="Choose a shorter address.",
        )
    if words & _SLOW:
        return RateLimited(f"{where}: the server asks to slow down.", hint=f"Wait, {_AGAIN}")
    if words & _UNTRUSTED:
        return DestinationRefused(
            f"{where}: the certificate of the server cannot be trusted.",
            hint="Check the address; for a certificate of your own, set AWS_CA_BUNDLE to it.",
        )
    if words & (_NETWORK | _BUSY):
        return Unavailable(
            f"{where} cannot be reached, or does not answer ({_code(error)}).",
            hint=f"Check the address and the network, {_AGAIN}",
        )
    told = _answer(error) or _answer(error.__cause__)
    if words & _FORBIDDEN or (isinstance(error, PermissionError) and not told):
        return AccessDenied(
            f"{where} may not be used with this sign-in ({_code(error)}).",
            hint="Choose another place, or let it list, read, write and delete there.",
        )
    if "ParamValidationError" in words:
        return ConfigError(
            f"{where} is no address that the store could have.", hint="Check the bucket's name."
        )
    if isinstance(error, FileNotFoundError):
        return DestinationRefused(
            f"{where} is gone: something removed it while decamp was using it.",
            hint="Run the same command again.",
        )
    return DestinationRefused(
        f"{where} cannot be used: {_code(error)}.", hint=f"Check that place, {_AGAIN}"
    )


def _words(error: BaseException) -> set[str]:
    """Gather the codes of answers and the names of classes, of an error and its causes."""
    found: set[str] = set()
    while error:
        found |= {kind.__name__ for kind in type(error).__mro__}
        found |= {code for code in (_answer(error),) if code}
        if error.__cause__ is None:
            break
        error = error.__cause__
    return found


def _answer(error: BaseException | None) -> str:
    """Give the code of a server's answer, as botocore keeps it."""
    response = getattr(error, "response", None)
    inner = response.get("Error") if isinstance(response, dict) else None
    return str(inner.get("Code", "")) if isinstance(inner, dict) else ""


def _code(error: Exception) -> str:
    """Name an error in a word; its text may hold an address with a signature."""
    cause = error.__cause__ or error
    return (
        _answer(cause)
        or (error.strerror if isinstance(error, OSError) else "")
        or (type(cause).__name__)
    )


def _number(error: Exception) -> int | None:
    return error.errno if isinstance(error, OSError) else None
