"""Prompts: own recordings, built-in texts and spoken texts, made ready before a call needs them.

The names below are imported when they are asked for: the helper process that makes sound needs none of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.directory.prompts.library import PromptLibrary, PromptMissing, PromptProblem

__all__ = ["PromptLibrary", "PromptMissing", "PromptProblem"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from engine.directory.prompts import library

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
