"""One bare switch for the tests of a module, and what they open on it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio


@pytest_asyncio.fixture(loop_scope="module")
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as open_things:
        yield open_things
