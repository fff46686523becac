"""What a typer program with two commands takes to start."""

import typer

app = typer.Typer()


@app.command()
def hello(name: str) -> None:
    """Say hello."""
    print(f"Hello {name}")


@app.command()
def goodbye(name: str, *, formal: bool = False) -> None:
    """Say goodbye."""
    print(f"Goodbye {name}" if formal else f"Bye {name}")


app()
