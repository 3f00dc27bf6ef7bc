"""CSV with a line of headings, Russian or English, in any usual encoding and with any usual separator."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping

from engine.directory.client_files.rows import ClientFile, Problem, clients_of
from engine.directory.clients import Client
from engine.directory.directory import Tenant

# What columns are called, in lower case and without what is not a letter.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "key", "client", "код", "ключ", "клиент", "кодклиента", "идентификатор"),
    "name": ("name", "fullname", "contact", "имя", "фио", "контакт", "контактноелицо", "имяклиента"),
    "company": ("company", "organization", "organisation", "компания", "организация", "фирма"),
    "numbers": (
        *("number", "numbers", "phone", "phones", "telephone", "tel", "mobile", "phonenumber"),
        *("номер", "номера", "телефон", "телефоны", "мобильный", "мобильныйтелефон", "рабочийтелефон"),
    ),
    "email": ("email", "mail", "почта", "эпочта", "элпочта", "электроннаяпочта", "адресэлектроннойпочты"),
    "contract": (
        *("contract", "account", "contractnumber", "accountnumber"),
        *("договор", "номердоговора", "лицевойсчет", "лицевойсчёт", "счет", "счёт"),
    ),
    "plan": ("plan", "tariff", "serviceplan", "тариф", "план", "тарифныйплан"),
    "specialist": ("specialist", "manager", "специалист", "менеджер", "ответственный"),
    "substitute": ("substitute", "deputy", "заместитель", "замена"),
    "priority": ("priority", "приоритет"),
    "group": ("group", "группа"),
}
_FIELDS = {heading: field for field, headings in HEADINGS.items() for heading in headings}
_SEPARATORS = ";,\t|"
COLUMNS = tuple(HEADINGS)
_FORMULA = re.compile(r"'*[=@\-\t]|\+(?!\d)|'+\+")
_MADE_SAFE = re.compile(r"'+[=@\-+\t]")


def read_table(content: bytes, tenant: Tenant) -> ClientFile:
    """Columns whose heading means nothing here are passed over."""
    text = _decoded(content)
    if "\0" in text:
        return ClientFile([], [Problem(0, "no text: it holds zero bytes, expected CSV")])
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=lambda one: (len(_known(first, one)), first.count(one)))
    fields = _known(first, separator)
    known = set(fields.values())
    if not known & {"name", "company"} or not known & {"id", "contract", "numbers"}:
        expected = "headings such as name;company;phone;contract;plan or имя;компания;телефон;договор;тариф"
        return ClientFile(
            [], [Problem(1, f"no headings that tell what the columns are, expected {expected}")]
        )
    try:
        return clients_of(_rows(text, separator, fields), tenant)
    except csv.Error as error:
        return ClientFile([], [Problem(0, f"no CSV: {error}")])


def write_table(clients: Iterable[Client]) -> str:
    """What `read_table` reads again as the same."""
    written = io.StringIO()
    rows = csv.writer(written, delimiter=";", lineterminator="\n")
    rows.writerow(["phone" if name == "numbers" else name for name in COLUMNS])
    for one in clients:
        values = {"id": one.key, "numbers": ", ".join(one.numbers), "priority": one.priority or ""}
        rows.writerow([_safe(str(values.get(name, getattr(one, name, "")))) for name in COLUMNS])
    return written.getvalue()


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251", "replace")


def _known(line: str, separator: str) -> dict[int, str]:
    """The field of each column that has one."""
    cells = next(csv.reader([line], delimiter=separator), [])
    found: dict[int, str] = {}
    for index, cell in enumerate(cells):
        name = "".join(char for char in cell.casefold() if char.isalpha())
        field = _FIELDS.get(name) or _FIELDS.get(name.rstrip("№"))
        # Телефон 1, Телефон 2; of all other fields the first column counts.
        if field and (field == "numbers" or field not in found.values()):
            found[index] = field
    return found


def _rows(
    text: str, separator: str, fields: Mapping[int, str]
) -> Iterator[tuple[int, Mapping[str, list[str]]]]:
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    headed = False
    begun = 1
    for cells in reader:
        line, begun = begun, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if not headed:
            headed = True
            continue
        row: dict[str, list[str]] = {}
        for index, field in fields.items():
            if index < len(cells) and (cell := _unsafe(cells[index].strip())):
                row.setdefault(field, []).append(cell)
        yield line, row


def _safe(cell: str) -> str:
    """A spreadsheet must not take a name for a formula; a number with its plus is none."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unsafe(cell: str) -> str:
    return cell[1:] if _MADE_SAFE.match(cell) else cell
