"""The files that a tenant's card offers: that they are there."""

from pathlib import Path

from engine.directory.card_files import NoCardFile, files_folder, look_at
from engine.directory.findings import Finding, one_of
from engine.directory.loader import TenantFile


def check_card_files(file: TenantFile, folder: Path) -> list[Finding]:
    """`folder` holds the tenant's scenarios, and `files/` beside them. Calls go on without: a warning."""
    if file.tenant is None or file.tenant.answering is None or not file.tenant.answering.files:
        return []
    own = files_folder(folder)
    try:
        known = sorted(path.name for path in own.iterdir() if path.is_file() and path.name[0] != ".")
    except OSError:
        known = []
    found = []
    for index, one in enumerate(file.tenant.answering.files):
        try:
            look_at(folder, one.file)
        except NoCardFile as error:
            place = ("answering", "files", index, "file")
            expected = f"{one_of(known, one.file)} in {own}"
            found.append(
                file.document.finding(place, str(error), expected, severity="warning", code="unknown-file")
            )
    return file.document.without_allowed(found)
