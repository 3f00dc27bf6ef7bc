"""What a language must be able to say."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

from engine.directory.prompt_model import Case
from engine.directory.prompts.spoken.fragment import Fragment

Gender = Literal["masculine", "feminine", "neuter"]

__all__ = ["Case", "Gender", "Language", "Noun"]


class Noun(NamedTuple):
    """What is counted: its forms, as many as the language has, and its gender.

    `genitive` and `accusative` are those of one, where they are none of the forms.
    """

    forms: tuple[Fragment, ...]
    gender: Gender = "masculine"
    genitive: Fragment | None = None
    accusative: Fragment | None = None


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

    def whole(
        self, number: int, gender: Gender = "masculine", case: Case = "nominative"
    ) -> list[Fragment]: ...

    def number(
        self, number: Decimal, gender: Gender = "masculine", case: Case = "nominative"
    ) -> list[Fragment]: ...

    def count(self, number: Decimal, noun: Noun, case: Case = "nominative") -> list[Fragment]: ...

    def date(self, day: date, case: Case = "nominative") -> list[Fragment]: ...

    def time(self, at: time, case: Case = "nominative") -> list[Fragment]: ...

    def phone(self, plus: bool, groups: list[str]) -> list[Fragment]: ...
