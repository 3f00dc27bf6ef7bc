"""What a language must be able to say."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

from engine.directory.prompts.spoken.fragment import Fragment

Gender = Literal["masculine", "feminine", "neuter"]
Case = Literal["nominative", "genitive"]


class Noun(NamedTuple):
    """What is counted: its forms, as many as the language has, and its gender."""

    forms: tuple[Fragment, ...]
    gender: Gender = "masculine"


class Language(Protocol):
    """Numbers are below a million millions; what is finer than hundredths is rounded."""

    @property
    def forms(self) -> Sequence[str]:
        """What the forms of a noun are, in their order, for messages."""

    @property
    def units(self) -> Mapping[str, Noun]: ...

    @property
    def letters(self) -> Mapping[str, Fragment]:
        """Letters by themselves, small."""

    @property
    def signs(self) -> Mapping[str, Fragment]:
        """`*`, `#` and `+`."""

    def whole(self, number: int, gender: Gender = "masculine") -> list[Fragment]: ...

    def number(self, number: Decimal, gender: Gender = "masculine") -> list[Fragment]: ...

    def count(self, number: Decimal, noun: Noun) -> list[Fragment]: ...

    def date(self, day: date, case: Case = "nominative") -> list[Fragment]: ...

    def time(self, at: time) -> list[Fragment]: ...

    def phone(self, plus: bool, groups: list[str]) -> list[Fragment]: ...
