"""The indexes of whoever searches: opened, made where there is none, and never where they hide."""

import pytest

from archivist import searching
from archivist.config import Settings
from archivist.errors import Away


@pytest.fixture
def wanted(tmp_path):
    """An archive's folder as it is while its disk is out."""
    settings = Settings(tmp_path / "archive", "0123456789abcdef", (), "")
    settings.root.mkdir()
    return settings


def test_no_index_is_made_where_the_archive_is_away(wanted):
    """What is made at the place of a mount lies hidden below the disk that comes back."""
    with pytest.raises(Away):
        searching._opened(wanted, "SECRET", bytes(32))
    assert list(wanted.root.iterdir()) == []


def test_a_missing_folder_of_indexes_is_made_with_the_first(wanted):
    """Somebody deleted all of it: it comes back with what is searched next."""
    (wanted.root / "ledger").mkdir()
    searching._opened(wanted, "SECRET", bytes(32)).close()
    assert (wanted.root / "index" / "SECRET.db").is_file()
