"""Errors as sentences. A traceback goes into the log and never to the terminal."""

from __future__ import annotations

from decamp.errors import TransferError

__all__ = ["FAULT", "explain"]

FAULT = 1
"""Exit code of a fault in decamp itself."""


def explain(error: Exception) -> int:
    """Say on standard error what happened, why, and what next.

    Returns:
        The exit code.
    """
    from decamp.cli.output import Output  # noqa: PLC0415

    output = Output()
    if isinstance(error, TransferError):
        output.error(error.message, error.hint)
        return error.exit_code
    from decamp.cli.logs import record_fault  # noqa: PLC0415

    log = record_fault(error)
    output.error(
        f"This is a fault in decamp, not in your data ({type(error).__name__}).",
        "Nothing that was delivered is lost; you can run the same command again. "
        + (
            f"Please report it with the end of the log, which holds no messages, links or "
            f"tokens: {log}"
            if log
            else "Please report it; no log could be written."
        ),
    )
    return FAULT
