"""A place for the bench's instances."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the bench makes its instances; Asterisk's unprivileged user can pass through it."""
    path = Path(tempfile.mkdtemp(prefix="vb-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
