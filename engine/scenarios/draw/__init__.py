"""`vats draw`: a scenario as a picture that people like to look at (F43)."""

from engine.scenarios.draw.drawing import draw
from engine.scenarios.draw.layout import LayoutError
from engine.scenarios.draw.sketch import Sketch, sketch_of_file, sketch_of_scenario

__all__ = ["LayoutError", "Sketch", "draw", "sketch_of_file", "sketch_of_scenario"]
