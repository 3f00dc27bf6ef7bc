"""Emergency numbers of a country, and what the network wants to be sent for them. Pure."""

from collections.abc import Mapping
from functools import cache
from itertools import product
from types import MappingProxyType

from phonenumbers import shortnumberinfo

# Works from every telephone of nearly every network; it may never be anybody's extension.
EVERYWHERE = "112"
# In use, and missing from the tables of phonenumbers: the gas service.
_MORE: Mapping[str, tuple[str, ...]] = {"RU": ("104", "04"), "KZ": ("104",), "BY": ("104",)}
# 01 to 04 are the old forms of 101 to 104, which only old exchanges still understand.
_OLD_FORMS: Mapping[str, Mapping[str, str]] = {"RU": {"01": "101", "02": "102", "03": "103", "04": "104"}}


@cache
def emergency_numbers(country: str) -> Mapping[str, str]:
    """By what is dialled, what is sent to the network: `103` → `103`, `03` → `103`."""
    short = ("".join(digits) for length in (2, 3) for digits in product("0123456789", repeat=length))
    known = [text for text in short if shortnumberinfo.is_emergency_number(text, country)]
    old = _OLD_FORMS.get(country, {})
    numbers = dict.fromkeys([EVERYWHERE, *known, *_MORE.get(country, ())])
    return MappingProxyType({text: old.get(text, text) for text in numbers})
