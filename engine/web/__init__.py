"""The process `web`: health and metrics now, API and pages later. It never touches a call."""

from engine.web.process import main

__all__ = ["main"]
