"""Which telephones are registered, as the switch tells."""

from collections.abc import Callable, Mapping


class Telephones:
    """By SIP endpoint, `PJSIP/romashka-101-desk`. `changed` is told of each that is known anew."""

    def __init__(self) -> None:
        self._there: dict[str, bool] = {}
        self._told: set[str] = set()  # since the list was asked for
        self.changed: Callable[[str], None] = lambda _: None

    def is_there(self, endpoint: str) -> bool | None:
        """None where nobody has told yet."""
        return self._there.get(endpoint)

    def told(self, endpoint: str, there: bool) -> None:
        """The switch says so of one."""
        self._told.add(endpoint)
        self._set(endpoint, there)

    def list_asked(self) -> None:
        """The whole list is asked for now: what is told from here on is newer than it may be."""
        self._told.clear()

    def listed(self, there: Mapping[str, bool]) -> None:
        """The whole list."""
        for endpoint in self._there.keys() - there.keys() - self._told:
            del self._there[endpoint]
        for endpoint, is_there in there.items():
            if endpoint not in self._told:
                self._set(endpoint, is_there)

    def _set(self, endpoint: str, there: bool) -> None:
        if self._there.get(endpoint) != there:
            self._there[endpoint] = there
            self.changed(endpoint)
