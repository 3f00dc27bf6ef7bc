"""A scripted SIP phone for tests, with real sound: see `Phone`."""

from .call import TransferStatus
from .lamp import Lamp, LampState
from .phone import MessageLight, Phone, PhoneCall, PhoneError, PhoneEvent
from .sound import Tone, tones_heard, write_tone

__all__ = [
    "Lamp",
    "LampState",
    "MessageLight",
    "Phone",
    "PhoneCall",
    "PhoneError",
    "PhoneEvent",
    "Tone",
    "TransferStatus",
    "tones_heard",
    "write_tone",
]
