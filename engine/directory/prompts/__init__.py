"""Prompts: own recordings, built-in texts and spoken texts, made ready before a call needs them."""

from engine.directory.prompts.library import PromptLibrary, PromptMissing, PromptProblem

__all__ = ["PromptLibrary", "PromptMissing", "PromptProblem"]
