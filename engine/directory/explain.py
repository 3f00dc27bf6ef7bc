"""pydantic's errors in the words of somebody who writes YAML."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from engine.directory.findings import one_of

_CYRILLIC, _LATIN = re.compile("[а-яёА-ЯЁ]"), re.compile("[a-zA-Z]")
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "`name: value` lines",
    "model_type": "`name: value` lines",
    "model_attributes_type": "`name: value` lines",
    "list_type": "a list",
    "tuple_type": "a list",
}

# What the patterns of our models mean; in a schema too, where durations and money are told of by theirs.
PATTERN_WORDS = {
    r"^[a-z][a-z0-9_-]*$": "small Latin letters, digits, - and _, a letter first",
    r"^[0-9]{2,6}$": "an extension of 2 to 6 digits",
    r"^\+[1-9][0-9]{6,14}$": 'a number with country code, such as "+74951234567"',
    r"^[\w][\w.-]*(/[\w][\w.-]*)*$": "a prompt's name, or {text: …}, {say: …, value: …}, or a list of these",
    r"^[0-9*#]$": "one key: 0 to 9, * or #",
    r"^[a-z]{2}$": "a language such as ru or en",
    r"^\d+(\.\d+)?\s*(ms|s|m|h|d)$": "a time such as 500ms, 20s, 5m, 2h or 180d",
    r"^\d+(\.\d{1,2})?$": 'roubles such as "1.50"',
}


class Said(NamedTuple):
    """What is wrong and what was expected, which may be empty; `code` is the kind of finding."""

    message: str
    expected: str
    code: str


def explain(detail: ErrorDetails, path: tuple[str | int, ...], known: Collection[str] = ()) -> Said:
    """One error in words. `known`: the names that exist where the error is, if that is known."""
    kind, context, given = detail["type"], detail.get("ctx", {}), detail["input"]
    name = str(path[-1]) if path else "the file"
    if kind == "missing":
        return Said(f"{name} is missing", f"{name}: …", "missing-name")
    if kind == "extra_forbidden":
        return Said(f"unknown name {plainly(name)}", one_of(known, name) if known else "", "unknown-name")
    if kind == "literal_error":
        words = str(context["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
        return Said(f"{name} is {shown(given)}", one_of(words, str(given)), "wrong-value")
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        wrong = f"wrong name {plainly(name)}" if name == given else f"{name} is {shown(given)}"
        return Said(wrong, PATTERN_WORDS.get(pattern, f"text like {pattern}"), "wrong-value")
    if kind in ("too_short", "string_too_short"):
        return Said(f"{name} is empty", "at least one", "wrong-value")
    if kind in ("too_long", "string_too_long"):
        return Said(f"{name} is too long", f"at most {context['max_length']}", "wrong-value")
    if kind in ("value_error", "assertion_error"):
        message, _, expected = detail["msg"].partition(", ")[2].rpartition(", expected ")
        return Said(
            *((f"{name}: {message}", expected) if message else (f"{name}: {expected}", "")), "wrong-value"
        )
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        sign = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}
        bound = ", ".join(f"{sign[key]} {limit}" for key, limit in context.items() if key in sign)
        return Said(f"{name} is {shown(given)}", bound, "wrong-value")
    if isinstance(given, dict) and given and not any(value is not None for value in given.values()):
        # `{caller.number}` without quotes is a mapping in YAML.
        return Said(f"{name} is a mapping", f'it in quotes: "{{{next(iter(given))}}}"', "wrong-type")
    if wanted := _WANTED.get(kind):
        return Said(f"{name} is {shown(given)}", wanted, "wrong-type")
    return Said(f"{name}: {detail['msg']}", "", "wrong-value")


def names_at(model: type[BaseModel], loc: Iterable[str | int]) -> list[str]:
    """The names that a model knows at a place within it, `loc` as pydantic tells it."""
    models = [model]
    for part in loc:
        fields = [one.model_fields[str(part)] for one in models if str(part) in one.model_fields]
        # What is no field is a name in a mapping, the number of an item, or a note of pydantic's.
        if fields:
            models = [inner for field in fields for inner in _models_in(field.annotation)]
    return list(dict.fromkeys(name for one in models for name in _written_names(one)))


def _written_names(model: type[BaseModel]) -> list[str]:
    """As they stand in a file, where `from` may be a name."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def shown(value: Any) -> str:
    """A wrong value as its author wrote it, cut short."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = plainly(str(value))
    return text if len(text) <= 60 else f"{text[:57]}…"


def plainly(text: str) -> str:
    """A word, with a note where letters of two alphabets that look alike are mixed in it."""
    cyrillic = sorted(set(_CYRILLIC.findall(text)))
    if not cyrillic or not _LATIN.search(text) or " " in text:
        return text
    return f"{text} (with the Cyrillic {', '.join(cyrillic)})"
