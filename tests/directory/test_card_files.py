"""Files of cards: what is in the tenant's folder `files` itself is given out, and nothing else (F20)."""

import base64
import os
from pathlib import Path

import pytest

from engine.directory.card_files import LARGEST_BYTES, PIECE_BYTES, NoCardFile, piece, sizes
from engine.scenarios.folder import check_folders

TENANT = """\
tenant: romashka
title: Ромашка
users: {"101": {name: Анна}}
answering:
  files:
    - {title: Прайс, file: Прайс 2026.pdf}
    - {title: Карта, file: karta.png}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tenant's own, with a secret beside its files."""
    own = tmp_path / "romashka"
    (own / "files" / "inner").mkdir(parents=True)
    (own / "secret.txt").write_text("secret")
    (own / "files" / "prices.pdf").write_bytes(b"%PDF prices")
    (own / "files" / "inner" / "deep.txt").write_text("deep")
    (own / "files" / ".hidden").write_text("hidden")
    (own / "files" / "link.txt").symlink_to(own / "secret.txt")
    os.mkfifo(own / "files" / "pipe")
    with (own / "files" / "large.bin").open("wb") as large:
        large.truncate(LARGEST_BYTES + 1)
    return own


def test_a_file_comes_in_pieces_that_know_each_other(folder: Path) -> None:
    content = os.urandom(2 * PIECE_BYTES + 100)
    path = folder / "files" / "map.png"
    path.write_bytes(content)
    found, offset, versions = b"", 0, set()
    while True:
        got = piece(folder, "map.png", offset)
        found += base64.b64decode(got.content)
        versions.add(got.version)
        assert (got.size, got.type) == (len(content), "image/png")
        if got.next_offset is None:
            break
        offset = got.next_offset
    assert found == content
    assert len(versions) == 1
    path.write_bytes(b"other")
    assert piece(folder, "map.png").version not in versions
    (folder / "files" / "empty.txt").write_bytes(b"")
    assert piece(folder, "empty.txt")[:2] == (0, "text/plain")


WRONG = [
    "../secret.txt", "..", ".", "", "/etc/passwd", "inner/deep.txt", "inner", ".hidden", "link.txt", "pipe",
    "large.bin", "nosuch.pdf", "prices.pdf\0.txt", "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_nothing_else_is_given_out(folder: Path, name: str) -> None:
    with pytest.raises(NoCardFile) as told:
        piece(folder, name)
    assert str(folder.parent) not in str(told.value)
    assert sizes(folder, [name, "prices.pdf"]) == {name: None, "prices.pdf": 11}


@pytest.mark.parametrize("offset", [-1, 12, 10**12])
def test_offsets_are_of_the_file(folder: Path, offset: int) -> None:
    with pytest.raises(NoCardFile, match="has 11 bytes"):
        piece(folder, "prices.pdf", offset)


def findings(tmp_path: Path, text: str = TENANT) -> list[str]:
    (tmp_path / "tenants").mkdir(exist_ok=True)
    (tmp_path / "tenants" / "romashka.yaml").write_text(text)
    found = check_folders(tmp_path / "tenants", tmp_path / "scenarios", None)
    return [f"{one.line} {one.severity} {one.code}: {one.message}, expected {one.expected}" for one in found]


def test_missing_files_are_found_by_line(tmp_path: Path) -> None:
    own = tmp_path / "scenarios" / "romashka" / "files"
    own.mkdir(parents=True)
    (own / "Прайс 2026.pdf").write_bytes(b"1")
    (own / "carta.png").write_bytes(b"1")
    assert findings(tmp_path) == [
        "7 warning unknown-file: the file karta.png cannot be read: no such file or directory, expected "
        f"one of carta.png, Прайс 2026.pdf (did you mean carta.png?) in {own}"
    ]
    (own / "carta.png").rename(own / "karta.png")
    assert findings(tmp_path) == []


@pytest.mark.parametrize("name", ["../secret.txt", "a/b.pdf", ".env", "..", '"a\\\\b"', "/etc/passwd"])
def test_names_that_lead_elsewhere_are_refused_by_line(tmp_path: Path, name: str) -> None:
    [found] = findings(tmp_path, TENANT.replace("karta.png", name))
    assert found.startswith("7 error wrong-value:")


def test_a_file_is_listed_once(tmp_path: Path) -> None:
    found = findings(tmp_path, TENANT.replace("karta.png", "Прайс 2026.pdf"))
    assert any("a file is given twice" in one for one in found)
