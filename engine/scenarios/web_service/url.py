"""Addresses of web services: what may be written in a scenario, and how a call's values get in."""

import re
from collections.abc import Mapping
from urllib.parse import quote

import httpx

from engine.calls.errors import StepError
from engine.directory.prompts.saying import VARIABLE
from engine.journal.base import Value
from engine.scenarios.templates import fill

_URL = re.compile(r"(https?)://([^/?#\s{}@\\]+)([/?][^#\s\\]*)?")
_LONGEST = 4000


def url_problem(template: str) -> str:
    """Why a call cannot ask there, "" where it can."""
    if "#" in template:
        return f"the address {template!r} has a part after `#`, which no server gets"
    if not (parts := _URL.fullmatch(template)):
        if "@" in template.partition("://")[2].partition("/")[0]:
            return f"the address {template!r} holds a name or password"
        if "{" in template.partition("://")[2].partition("/")[0]:
            return f"the address {template!r} has a variable in its host"
        return f"{template!r} is no web address"
    sample = VARIABLE.sub("x", template)
    try:
        url = httpx.URL(sample)
    except (httpx.InvalidURL, UnicodeError) as error:
        return f"{template!r} is no web address: {error}"
    if not url.host or url.userinfo or (url.port is not None and not 0 < url.port < 65536):
        return f"{template!r} is no web address"
    return _dots(parts[3] or "")


def filled(template: str, variables: Mapping[str, Value]) -> str:
    """The whole address; a value is always one piece of it, whatever it holds.

    Raises `StepError` for a value that would lead elsewhere.
    """
    url = VARIABLE.sub(lambda match: quote(fill(match[0], variables), safe=""), template)
    if len(url) > _LONGEST:
        raise StepError(f"the address has over {_LONGEST} characters with its variables filled in")
    parts = _URL.fullmatch(url)
    if parts is None or _dots(parts[3] or ""):
        raise StepError("the address leads elsewhere with its variables filled in")
    return url


def _dots(rest: str) -> str:
    path = rest.partition("?")[0]
    if any(piece in (".", "..") for piece in path.split("/")):
        return "the address has . or .. in its path"
    return ""
