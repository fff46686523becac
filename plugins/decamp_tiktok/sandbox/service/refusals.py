"""TikTok's ways to say no: one for Login Kit, one for the API, one for people."""

from __future__ import annotations

__all__ = ["ApiRefusal", "Misconfigured", "OAuthRefusal"]


class OAuthRefusal(Exception):
    """A refusal by Login Kit (RFC 6749 section 5.2): the flat shape.

    Args:
        error: One of the codes of TikTok's page "OAuth error handling".
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


class ApiRefusal(Exception):
    """A refusal by the API: the nested shape.

    Args:
        code: Mostly one of TikTok's page "API v2 error handling".
        status: The HTTP status.
        retry_after: Seconds, for the header of that name.
    """

    def __init__(
        self, code: str, message: str, *, status: int = 400, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after


class Misconfigured(Exception):
    """A mistake in the app's set-up. The person sees it on a page; no app is told.

    Args:
        parameter: Which one is wrong: ``client_key``.
        reason: A sentence.
        code: The code of RFC 6749 section 4.1.2.1 that fits.
    """

    def __init__(self, parameter: str, reason: str, code: str = "invalid_request") -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason
        self.code = code
