"""The call of `vats bench --menus`: six menus one below the other, five keys, each during a prompt.

Each menu's prompt is a tone of its own, so that what a caller hears tells which menu he is in.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.demo.packets import FRAME_MS, RATE, TELEPHONE_EVENT, Key, Part, Silence, packets

MENU_NUMBER = "+74950000001"
# The key of each menu but the last; a wrong one would not lead on.
MENU_KEYS = "12345"
# The tone of each menu's prompt, Hz: no two have a packet in common.
MENU_TONES = (350, 470, 610, 770, 950, 1130)
# Longer than a caller listens to it.
MENU_PROMPT_MS = 3000
KEY_MS, BETWEEN_KEYS_MS = 100, 600
# What callers hear of the last prompt before they hang up.
LAST_MS = 500
STAY_MS = (len(MENU_KEYS) + 1) * (BETWEEN_KEYS_MS + KEY_MS + 2 * FRAME_MS) + LAST_MS


@dataclass(frozen=True)
class Timed:
    """A packet to be sent `at` seconds after the answer; `key` is the number of the key that it ends."""

    at: float
    packet: bytes
    key: int | None = None


def menu_prompt(index: int) -> str:
    """The name of the prompt of the menu that `index` keys lead to."""
    return f"menu-{index}"


def speech(dice: random.Random) -> list[Timed]:
    """What one caller sends: silence and keys. Each key comes at its own moment within the 20 ms of the
    packets, for a key and the prompt that follows it would else be in step from call to call.
    """
    parts: list[Part] = []
    for key in MENU_KEYS:
        parts += [Silence(BETWEEN_KEYS_MS), Key(key, KEY_MS)]
    parts.append(Silence(STAY_MS - len(MENU_KEYS) * (BETWEEN_KEYS_MS + KEY_MS)))
    found, late, keys, ended = [], 0.0, 0, False
    for at, packet in packets(parts):
        is_key = packet[1] & 0x7F == TELEPHONE_EVENT
        if is_key and packet[1] & 0x80:
            late, ended = late + dice.uniform(0, FRAME_MS), False
        first_end = is_key and bool(packet[13] & 0x80) and not ended
        found.append(Timed((at + late) / 1000, packet, keys if first_end else None))
        if first_end:
            keys, ended = keys + 1, True
    return found


def frames_of(files: Sequence[Path]) -> list[frozenset[bytes]]:
    """Of each prompt (A-law, as the switch plays it) the packets' payloads that no other prompt has.

    Raises `OSError`, and `ValueError` for a prompt that cannot be told from the others.
    """
    length = RATE * FRAME_MS // 1000
    all_frames = [_frames(path.read_bytes(), length) for path in files]
    found = []
    for index, own in enumerate(all_frames):
        others = frozenset[bytes]().union(*all_frames[:index], *all_frames[index + 1 :])
        if not own or len(own & others) * 2 > len(own):
            raise ValueError(f"{files[index]}: cannot be told from the other prompts")
        found.append(own - others)
    return found


def _frames(sound: bytes, length: int) -> frozenset[bytes]:
    starts: Iterable[int] = range(0, len(sound) - length + 1, length)
    return frozenset(sound[at : at + length] for at in starts)
