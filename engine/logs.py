"""Structured logs: one JSON object a line on stderr, from structlog and the libraries' own loggers alike."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog
from structlog.typing import Processor

from engine.log_files import FollowedLog, followed


@contextmanager
def quiet(level: int) -> Iterator[None]:
    """Tell only what is of this level of `logging` or above, in a command whose output is something else."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    try:
        yield
    finally:
        structlog.configure(**before)


def configure(process: str, stream: TextIO | None = None) -> None:
    """Set up the logs of this process, whose name is in every line; `stream` is stderr unless given.

    `call_id` is in a line when it was bound: `structlog.contextvars.bind_contextvars(call_id=…)` for all that
    a task does, or `structlog.get_logger().bind(call_id=…)`.
    """
    output = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _name(process),
        structlog.processors.StackInfoRenderer(),
        # Without the local variables: those of a call are nobody's business.
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        ),
    ]
    log_file = followed() if stream is None else None
    if log_file is not None:
        shared.insert(0, _follow(log_file))
    render = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # One line a request is what the metrics are for.
    for chatty in ("httpx", "httpcore", "panoramisk", "picows", "uvicorn.access", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def _name(process: str) -> Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process
        return event

    return add


def _follow(log_file: FollowedLog) -> Processor:
    def follow(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        log_file.follow()
        return event

    return follow
