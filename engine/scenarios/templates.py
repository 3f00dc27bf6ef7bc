"""`{name}` in texts of a scenario, filled from the call's variables and from nothing else.

There are no expressions: a name is looked up in a mapping, never as an attribute of an object.
"""

import re
from collections.abc import Iterator

from engine.directory.prompts.saying import VARIABLE, fill

__all__ = ["fill", "names", "problem"]

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")


def names(text: str) -> Iterator[str]:
    """The variables that a text mentions, in order."""
    for match in VARIABLE.finditer(text):
        yield match[1].strip()


def problem(text: str) -> str:
    """Why the text is no template, "" where it is one."""
    rest = VARIABLE.sub("", text)
    if "{" in rest or "}" in rest:
        return f"{text!r} has a brace without its partner"
    for name in names(text):
        if not _NAME.fullmatch(name):
            return f"{{{name}}} is no variable"
    return ""
