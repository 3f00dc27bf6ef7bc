"""What a log line about an error holds, and what it does not."""

import io
import json
import logging

import structlog

from engine import logs


def test_local_variables_of_an_error_are_not_logged() -> None:
    """A PIN, a signature or a caller's data stand in them."""
    stream, handlers, level = io.StringIO(), logging.getLogger().handlers[:], logging.getLogger().level
    pin = "-".join(("73", "91"))
    try:
        logs.configure("test", stream)
        try:
            raise ValueError("no such number")
        except ValueError:
            structlog.get_logger().exception("step.failed", step="ask")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        logging.captureWarnings(False)
        structlog.reset_defaults()
    assert pin not in stream.getvalue()
    line = json.loads(stream.getvalue())
    assert line["exception"][0]["exc_value"] == "no such number"
    assert line["exception"][0]["frames"][0]["name"].startswith("test_local_variables")
