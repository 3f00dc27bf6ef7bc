"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import database, empty_database, postgres_server, sqlite_database  # noqa: F401
from tests.instance import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """An installation of its own, nothing started, no trunk."""
    with Instance(tmp_path) as it:
        yield it
