"""``python -m decamp``: the command line, where its script is not on the path."""

from decamp.cli import run

if __name__ == "__main__":
    run()
