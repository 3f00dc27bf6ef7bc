"""How steps and their exits are called when people read them, in Russian and in English.

Drawings, simulations and pages use the same words. What is not in the tables here still gets sensible ones:
a kind of step is called by its `type`, an exit by its name, so that a new step needs nothing here.
"""

from engine.scenarios.words.details import details
from engine.scenarios.words.exits import exit_words, road_words
from engine.scenarios.words.kinds import KINDS, kind_words
from engine.scenarios.words.language import LANGUAGES, Language, reading_language
from engine.scenarios.words.spoken import first_spoken, spoken_words
from engine.scenarios.words.subject import step_words, subject

__all__ = [
    "KINDS",
    "LANGUAGES",
    "Language",
    "details",
    "exit_words",
    "first_spoken",
    "kind_words",
    "reading_language",
    "road_words",
    "spoken_words",
    "step_words",
    "subject",
]
