"""A scripted Asterisk for tests on virtual time; its behaviour is that of the recorded traces."""

from tests.fake_switch.ami import FakeAmi
from tests.fake_switch.asterisk import FakeAsterisk
from tests.fake_switch.callers import Caller
from tests.fake_switch.phones import Phone
from tests.fake_switch.pipe import Delays, FakeConnection

__all__ = ["Caller", "Delays", "FakeAmi", "FakeAsterisk", "FakeConnection", "Phone"]
