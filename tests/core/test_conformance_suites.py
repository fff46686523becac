"""The conformance suites, as a plugin's author meets them."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from importlib import import_module

import pytest

import decamp.testing

MODULES = [f"decamp.testing.{one.name}" for one in pkgutil.iter_modules(decamp.testing.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_an_assertion_that_fails_shows_its_values(name: str) -> None:
    """pytest rewrites those of installed modules only where it was told to, before the import."""
    module = import_module(name)
    asserts = any(
        isinstance(one, ast.Assert) for one in ast.walk(ast.parse(inspect.getsource(module)))
    )
    assert not asserts or "@pytest_ar" in vars(module)
