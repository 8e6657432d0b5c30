"""Rule tests: each asks the shipped law what a regulation says, and is marked with its rule."""

import pytest
from law import Law


@pytest.fixture(scope="session")
def law():
    """The packs as shipped."""
    return Law.shipped()
