"""Values of a call as sequences of recorded fragments, in Russian and English: pure functions, no sound."""

from engine.directory.prompts.spoken.fragment import PAUSE, Fragment
from engine.directory.prompts.spoken.say import CannotSay, fragments, language_of, needed, words

__all__ = ["PAUSE", "CannotSay", "Fragment", "fragments", "language_of", "needed", "words"]
