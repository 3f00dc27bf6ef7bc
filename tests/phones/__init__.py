"""A scripted SIP phone for tests, with real sound: see `Phone`."""

from .phone import Phone, PhoneCall, PhoneError, PhoneEvent
from .sound import Tone, tones_heard, write_tone

__all__ = ["Phone", "PhoneCall", "PhoneError", "PhoneEvent", "Tone", "tones_heard", "write_tone"]
