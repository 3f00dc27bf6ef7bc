"""SIPp's log, read while SIPp writes it."""

from pathlib import Path


class FollowedLog:
    """Each `news()` gives the lines that are new: event, SIPp's call id, detail."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def news(self) -> list[tuple[str, str, str]]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                read = file.read()
        except FileNotFoundError:
            return []
        whole, newline, _ = read.rpartition(b"\n")
        self._position += len(whole) + len(newline)
        found = []
        for line in whole.decode(errors="replace").splitlines():
            if line.count(";") == 4:
                event, call_id, _, _, detail = line.strip().split(";")
                found.append((event, call_id, detail))
        return found
