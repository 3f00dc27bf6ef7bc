"""SIPp for tests: callers and operators (`engine.demo`), and messages that are not SIP (`malformed`)."""

from engine.demo.packets import Key, Silence, Sound, Tone, key_offset_ms, write_pcap
from engine.demo.scenario import Callee, Caller, Register
from engine.demo.sipp import LogLine, Sipp, SippError, SippResult, register

__all__ = [
    "Callee", "Caller", "Key", "LogLine", "Register", "Silence", "Sipp", "SippError", "SippResult", "Sound",
    "Tone", "key_offset_ms", "register", "write_pcap",
]  # fmt: skip
