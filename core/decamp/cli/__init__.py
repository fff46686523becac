"""The command line. Nothing heavy is imported before a command is chosen."""

from __future__ import annotations

import sys

__all__ = ["run"]

_INTERRUPTED = 130  # as `signals.INTERRUPTED`, which need not be imported for that


def run() -> None:
    """Run the command that was typed, and end the process with its exit code.

    Whatever goes wrong becomes a sentence and an exit code here; see `decamp.errors`.
    """
    # Whatever is imported before this has nobody who catches a Ctrl-C.
    try:
        _spare_collecting()
        import signal

        # To be terminated is to be interrupted: a terminal gets its echo back, and temporary
        # folders are removed. Where somebody has it ignored, it stays so.
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        _run()
    except KeyboardInterrupt:  # also while modules are still being imported
        sys.exit(_INTERRUPTED)


def _spare_collecting() -> None:
    """Have garbage looked for seldom, and not at the end: what is left goes with the process.

    Modules and classes are no garbage, and looking through all of them, several times while they
    are imported and once more when the interpreter ends, takes a quarter of a short command.
    """
    import atexit
    import gc

    gc.set_threshold(200_000)  # more than any command needs to begin
    atexit.register(gc.freeze)


def _run() -> None:
    from decamp.cli.streams import prepare_streams

    prepare_streams()
    try:
        from decamp.cli.app import app

        app()
    except Exception as error:  # noqa: BLE001 - the last one to see it
        from decamp.cli.faults import explain

        sys.exit(explain(error))
