"""Values in a table of rich: shown as they are, whatever a caller sent as his name."""

import unicodedata

from rich.text import Text

# What moves the cursor, colours the screen, or turns the direction of what follows.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain(value: object, style: str = "") -> Text:
    """The value as one line, without markup and control characters; nothing for None."""
    line = " ".join(("" if value is None else str(value)).splitlines())
    return Text("".join(one for one in line if unicodedata.category(one) not in _UNSEEN), style)
