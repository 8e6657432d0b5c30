"""The examples in the front pages of this room are true."""

import doctest
import importlib
import pkgutil

import pytest

import policies

MODULES = [f"policies.{module.name}" for module in pkgutil.iter_modules(policies.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_front_page_example_runs(name):
    """Every module shows an example, and it gives what it says."""
    result = doctest.testmod(importlib.import_module(name))
    assert (result.failed, result.attempted > 0) == (0, True)
