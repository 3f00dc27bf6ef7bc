"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.databases import database, empty_database, postgres_server, sqlite_database  # noqa: F401
from tests.instance import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """An installation of its own, nothing started, no trunk."""
    with Instance(tmp_path) as it:
        yield it


# They load the machine for minutes, or measure: one worker runs them all, so that no two run at once. They
# come first, for what begins last leaves the other workers with nothing to do.
HEAVY = ("tests/bench/", "tests/live/test_load.py", "tests/live/test_queue_evening.py")


class WholeFiles(LoadScopeScheduling):  # type: ignore[misc]
    """A file to one worker: its tests share an installation, and some what those before them left."""

    def _split_scope(self, nodeid: str) -> str:
        return "heavy" if nodeid.startswith(HEAVY) else nodeid.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WholeFiles:
    return WholeFiles(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Heavy ones, then those that run a switch, then the many short ones."""
    items.sort(
        key=lambda item: (not item.nodeid.startswith(HEAVY), item.get_closest_marker("switch") is None)
    )
