"""One running installation for all tests of a module that do not break it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.site import Site, running_site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Asterisk, engine and worker, with the tenant of `tests/live/tenants`."""
    async with running_site(tmp_path_factory.mktemp("site"), "engine", "worker") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
