"""Several requests at once, all of them finished when it returns."""

import asyncio
from collections.abc import Awaitable

from engine.calls.errors import CallOver


async def together(*work: Awaitable[object]) -> None:
    """Start all in this order, wait for all, then raise what went wrong: the call's end before errors.

    A plain `gather` would leave the others running when one fails.
    """
    results = await asyncio.gather(*work, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        raise next((error for error in errors if isinstance(error, CallOver)), errors[0])
