"""``decamp schemas``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

import decamp_schemas
from decamp.cli.command import Command
from decamp.cli.options import command_app
from decamp.cli.output import Output
from decamp.cli.streams import write_stdout
from decamp.cli.words import plural
from decamp.errors import ConfigError, SourceUnreadable
from decamp.validation import validator

app = command_app(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A schema, like post.")]
_PROBLEMS = 20
_SEGMENT = "segment"
_INVALID = 4
"""Exit code for a file that does not fit, as for any source that cannot be read."""


@app.callback(
    epilog="Examples:\n\n"
    "  decamp schemas list\n"
    "  decamp schemas show post\n"
    "  decamp schemas validate post post.json"
)
def schemas() -> None:
    """Read the JSON Schemas, and check files against them."""


@app.command("list", cls=Command, epilog="Examples:\n\n  decamp schemas list")
def list_schemas() -> None:
    """List the schemas, and what each is for."""
    Output().facts(
        [(name, decamp_schemas.load(name)["description"]) for name in decamp_schemas.names()]
    )


@app.command(
    "show", cls=Command, epilog="Examples:\n\n  decamp schemas show post > post.schema.json"
)
def show_schema(name: Name) -> None:
    """Print a schema to standard output."""
    _require(name)
    write_stdout(decamp_schemas.text(name))


@app.command(
    "validate",
    cls=Command,
    epilog="Examples:\n\n"
    "  decamp schemas validate post post.json\n"
    "  decamp schemas validate segment 2024-01-01_2026-11-20_77b0d1aa.jsonl",
)
def validate_file(
    name: Name,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A JSON document; or JSON lines, if named .jsonl."),
    ],
) -> None:
    """Check a file against a schema. Exits with 4 if it does not fit.

    In a segment the first line is its header, which says what the other lines are.
    """
    _require(name)
    output, judge = Output(), validator(name)
    problems, count = 0, 0
    for where, value in _documents(file):
        count += 1
        found = judge.problems(value)
        if name == _SEGMENT and count == 1 and not found:
            judge = validator(value["kind"])
        for problem in found:
            problems += 1
            if problems <= _PROBLEMS:
                output.final(f"{where}: {problem}")
    if problems:
        output.error(f"{file} does not fit the schema {name}: {plural(problems, 'problem')}.")
        raise typer.Exit(_INVALID)
    output.say(f"{file} fits the schema {name}: {plural(count, 'document')}.")


def _require(name: str) -> None:
    if name not in decamp_schemas.names():
        raise ConfigError(
            f"There is no schema named {name!r}.",
            hint=f"Choose among: {', '.join(decamp_schemas.names())}.",
        )


def _documents(file: Path) -> Iterator[tuple[str, Any]]:
    """Go through the documents of a file, each with where it stands.

    Raises:
        SourceUnreadable: The file cannot be read, or is not JSON.
    """
    where = str(file)
    try:
        with file.open("rb") as lines:
            if file.suffix != ".jsonl":
                yield where, msgspec.json.decode(lines.read())
                return
            for line_number, line in enumerate(lines, 1):
                where = f"{file}:{line_number}"
                yield where, msgspec.json.decode(line)
    except OSError as error:
        raise SourceUnreadable(f"{file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"{where} is not JSON: {error}.") from error
