"""Is a prompt in what a telephone has heard?"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.phones.sound import channels

Samples = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

PIECE_S = 0.2
LEAST_PIECES = 5  # of a prompt of a word or two, whose first packet may be missed
ALIKE = 0.75  # normalised correlation of a piece with the place where it is heard
SLIP_S = 0.0125  # between the halves of one piece
SLIPS_S = 0.3  # how far a telephone's jitter buffer moves the pieces of a prompt against each other


def share_told(recording: Path, prompt: Path) -> float:
    """The share of a prompt's pieces that are in the recording in their order, 0 to 1. Another prompt of the
    same voice has up to 0.35.

    In pieces, for a telephone's jitter buffer drops and stretches packets between words when it has to: the
    rest of the prompt is then not where it is reckoned to be, although a person hears it all.
    """
    rate, (heard,) = channels(recording)
    _, (whole,) = channels(prompt)
    size = min(round(PIECE_S * rate), len(whole) // LEAST_PIECES)
    if size == 0 or len(heard) < size:
        return 0.0
    starts = [at for at in range(0, len(whole) - size + 1, size) if _is_voiced(whole, at, size)]
    found = _Places(heard, size, round(SLIP_S * rate))
    places = [found.of(whole[at : at + size]) - at for at in starts]
    begins = np.unique(np.concatenate(places))
    if not len(begins):
        return 0.0
    ends = begins + SLIPS_S * rate
    there = [np.searchsorted(one, begins) < np.searchsorted(one, ends, "right") for one in places]
    return int(np.sum(there, axis=0).max()) / len(starts)


def _is_voiced(samples: Samples, at: int, size: int) -> bool:
    return float((samples[at : at + size] ** 2).mean()) > 0.1 * float((samples**2).mean())


class _Places:
    """Where pieces of one size are in what was heard. A piece may have a slip between its halves: a jitter
    buffer that has grown too long takes 10 ms out of every 200.
    """

    def __init__(self, heard: Samples, size: int, slip: int) -> None:
        self._half, self._slip = size // 2, slip
        self._length = 1 << (len(heard) + size).bit_length()
        self._spectrum = np.fft.rfft(heard, self._length)
        sums = np.concatenate(([0.0], np.cumsum(heard**2)))
        self._energy = sums[self._half :] - sums[: len(sums) - self._half]

    def of(self, piece: Samples) -> Places:
        first, second = piece[: self._half], piece[self._half :]
        share = float((first**2).sum()) / float((piece**2).sum())
        slipped = np.pad(self._alike(second), self._slip, constant_values=-1.0)
        best = np.lib.stride_tricks.sliding_window_view(slipped, 2 * self._slip + 1).max(axis=1)
        alike = share * self._alike(first)[: -self._half] + (1 - share) * best[self._half :]
        return np.flatnonzero(alike > ALIKE)

    def _alike(self, half: Samples) -> Samples:
        """The normalised correlation with each place; where there is next to nothing to hear, none."""
        product = np.fft.irfft(self._spectrum * np.conj(np.fft.rfft(half, self._length)), self._length)
        own = max(float((half**2).sum()), 1e-12)
        heard = product[: len(self._energy)]
        return np.asarray(heard / np.sqrt(np.maximum(self._energy, 0.05 * own) * own))
