"""Asterisk starts from what is rendered, and without a complaint."""

import re

import pytest

from tests.instance import Instance

pytestmark = pytest.mark.switch


def test_asterisk_starts_without_an_error(instance: Instance) -> None:
    instance.start_asterisk()
    log = instance.log()
    assert "Asterisk 22." in log
    assert not re.search(r"\b(ERROR|WARNING)\[", log), log
