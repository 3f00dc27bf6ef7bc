"""One running installation for all tests of a module that do not break it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.recorded import recording_office
from tests.live.site import Site, running_site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Asterisk, engine and worker, with the tenant of `tests/live/tenants`."""
    async with running_site(tmp_path_factory.mktemp("site"), "engine", "worker") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recording_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """With the company of `tests/live/recorded.py`."""
    async with recording_office(tmp_path_factory.mktemp("office")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def office(recording_site: Site) -> AsyncIterator[Site]:
    """The same for one test, which leaves the next one in peace when it fails."""
    yield recording_site
    await recording_site.hang_up_all()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
