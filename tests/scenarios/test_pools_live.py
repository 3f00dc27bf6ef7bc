"""Secretaries of a pool while tenants' files change (F20)."""

from pathlib import Path

from engine.directory.loader import load_directory
from engine.scenarios.live import Live, _directory

PULT = 'tenant: pult\ntitle: Пульт\nusers: {"201": {name: Вера}}\npool: {serves: all}\n'
ROMASHKA = 'tenant: romashka\ntitle: Ромашка\nusers: {"101": {name: Анна}}\nqueues: {main: {pool: pult}}\n'


def test_f20_the_directory_stays_while_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "pult.yaml").write_text(PULT)
    (tmp_path / "romashka.yaml").write_text(ROMASHKA)
    directory, findings, files = load_directory(tmp_path)
    assert findings == []
    assert list(directory.tenants["romashka"].secretaries) == ["pult/201"]
    last = Live(directory)
    read = {file.tenant.name: file.tenant for file in files if file.tenant}
    assert _directory(read, last) is directory, "as they were read"
    assert _directory(dict(directory.tenants), last) is directory, "as they are live"
    assert _directory({**read, "pult": directory.tenants["pult"]}, last) is directory
    without = _directory({"romashka": directory.tenants["romashka"]}, last)
    assert without.tenants["romashka"].secretaries == {}, "the pool's file is gone"
