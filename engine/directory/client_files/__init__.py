"""Files of clients from elsewhere: tables (CSV) and address books (vCard) → clients, each bad line named."""

from pathlib import Path

from engine.directory.client_files.rows import ClientFile, Problem
from engine.directory.client_files.table import read_table, write_table
from engine.directory.client_files.vcard import read_cards, write_cards
from engine.directory.directory import Tenant

__all__ = ["ClientFile", "Problem", "read_client_file", "write_cards", "write_table"]

MAX_FILE = 100_000_000


def read_client_file(path: Path, tenant: Tenant) -> ClientFile:
    """All clients of a `.csv` or `.vcf` file, and what is wrong with it. Raises `OSError`."""
    if path.stat().st_size > MAX_FILE:
        return ClientFile([], [Problem(0, f"the file is larger than {MAX_FILE} bytes")])
    read = read_cards if path.suffix.lower() in (".vcf", ".vcard") else read_table
    return read(path.read_bytes(), tenant)
