"""Errors as sentences. A traceback goes into the log and never to the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decamp.errors import TransferError

__all__ = ["FAULT", "explain", "refusal"]

FAULT = 1
"""Exit code of a fault in decamp itself."""


def explain(error: Exception, *, json: bool = False) -> int:
    """Say on standard error what happened, why, and what next.

    Args:
        error: Any; what decamp does not expect is a fault of its own.
        json: Also print it to standard output, as a document.

    Returns:
        The exit code.
    """
    from decamp.cli.output import Output

    output = Output()
    if isinstance(error, TransferError):
        code, exit_code = error.code, error.exit_code
        message, hint = error.message, error.hint
    else:
        code, exit_code = TransferError.code, FAULT
        message, hint = _fault(error)
    output.error(message, hint)
    if json:
        output.document(refusal({"code": code, "message": message, "hint": hint}, exit_code))
    return exit_code


def refusal(error: Mapping[str, str], exit_code: int) -> dict[str, Any]:
    """Describe why a command did not do its work, valid by ``error.schema.json``."""
    return {"error": dict(error), "exit_code": exit_code}


def _fault(error: Exception) -> tuple[str, str]:
    from decamp.cli.logs import record_fault

    log = record_fault(error)
    where = (
        f"Please report it with the end of the log, which holds no messages, links or tokens: {log}"
        if log
        else "Please report it; no log could be written."
    )
    return (
        f"This is a fault in decamp, not in your data ({type(error).__name__}).",
        f"Nothing that was delivered is lost; you can run the same command again. {where}",
    )
