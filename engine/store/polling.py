"""Work that is looked for in the database again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError

_DATABASE_PAUSE_S = 2.0
_FAILED_PAUSE_S = 10.0

_log = structlog.get_logger(__name__)


async def poll(work: Callable[[], Awaitable[object]], every_s: float, what: str) -> NoReturn:
    """Do it every so many seconds, until cancelled. A database (or disk) that is away is waited for, and told
    of in the log as `WHAT.put_off`; a bug is told of as `WHAT.failed`, and keeps neither the next look nor
    other parts of the worker from their work.
    """
    while True:
        try:
            await work()
        except (SQLAlchemyError, OSError) as error:
            _log.error(f"{what}.put_off", cause=str(error))
            await asyncio.sleep(_DATABASE_PAUSE_S)
        except Exception:
            _log.exception(f"{what}.failed")
            await asyncio.sleep(_FAILED_PAUSE_S)
        await asyncio.sleep(every_s)
