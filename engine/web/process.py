"""Serves the web application on loopback until SIGTERM or SIGINT."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from engine import logs
from engine.clock import SystemClock
from engine.settings import Settings
from engine.store.database import Database, DatabaseError
from engine.web.application import create_application
from engine.web.probes import Probes

_HOST = "127.0.0.1"
_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """Leaves the signals to us: uvicorn would die of them again after a clean end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT. 0 after a clean end, 1 when it cannot start."""
    logs.configure("web")
    return asyncio.run(_main(settings))


async def _main(settings: Settings) -> int:
    port = settings.ports.web
    try:
        listener = socket.create_server((_HOST, port))
        database = Database(settings.database_url, pool_size=2)
    except OSError as error:
        _log.error("web.no_port", port=port, cause=f"{_HOST}:{port}: {error.strerror}; set ports.web")
        return 1
    except DatabaseError as error:
        listener.close()
        _log.error("web.no_database", cause=str(error))
        return 1
    application = create_application(Probes(settings, database, SystemClock()))
    configuration = uvicorn.Config(
        application, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=3
    )
    server = _Server(configuration)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)
    _log.info("web.started", port=port)
    try:
        await server.serve(sockets=[listener])
    finally:
        listener.close()
        await database.close()
    _log.info("web.stopped")
    return 0


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True
