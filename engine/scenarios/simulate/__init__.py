"""Trying a scenario without a switch: its real steps, run by the real runner, with a made-up caller."""

from engine.scenarios.simulate.journey import Journey, StepTaken
from engine.scenarios.simulate.keys import WrongKeys, parse_keys
from engine.scenarios.simulate.outside import Answer
from engine.scenarios.simulate.people import Behaviour, WrongBehaviour, parse_behaviour
from engine.scenarios.simulate.run import Setting, simulate

__all__ = [
    "Answer",
    "Behaviour",
    "Journey",
    "Setting",
    "StepTaken",
    "WrongBehaviour",
    "WrongKeys",
    "parse_behaviour",
    "parse_keys",
    "simulate",
]
