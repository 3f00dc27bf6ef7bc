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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that run real servers go to one worker, one after the other: two spoil each other's timing."""
    for item in items:
        if any(item.get_closest_marker(name) for name in ("switch", "postgres", "load", "demo")):
            item.add_marker(pytest.mark.xdist_group("servers"))
