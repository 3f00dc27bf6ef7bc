"""Files of clients (F31): tables and address books, and what is wrong with them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.directory.client_files import ClientFile, write_cards, write_table
from engine.directory.client_files.table import read_table
from engine.directory.client_files.vcard import read_cards
from engine.directory.clients import Client
from tests.clients.company import IVAN, MARIA, company

RUSSIAN = """\
Код;ФИО;Компания;Телефон 1;Телефон 2;Эл. почта;Договор;Тариф;Менеджер;Приоритет;Группа;Заметка
k1;Иван Петров;ООО «Ромашка»;8 (903) 111-22-33;+7 903 555 44 33;ivan@r.example;ДГ-1;vip;Анна Иванова;2;big;нет
k2;;ИП Сидоров;;;;777;;103;;;
"""
TENANT = company()


def read(text: str) -> ClientFile:
    return read_table(text.encode(), TENANT)


def problems(text: str) -> list[str]:
    return [f"{line}: {message}" for line, message in read(text).problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_f31_a_table_as_offices_write_it(encoding: str, separator: str) -> None:
    found = read_table(RUSSIAN.replace(";", separator).encode(encoding), TENANT)
    assert found.problems == []
    assert list(found.clients) == [
        Client(
            key="k1",
            name="Иван Петров",
            company="ООО «Ромашка»",
            numbers=(IVAN, MARIA),
            email="ivan@r.example",
            contract="ДГ-1",
            plan="vip",
            specialist="101",
            priority=2,
            group="big",
        ),
        Client(key="k2", name="ИП Сидоров", company="ИП Сидоров", contract="777", specialist="103"),
    ]


def test_f31_what_a_client_is_known_by() -> None:
    found = read('name,phone,contract\nA,"89031112233, 89035554433",\nB,+79161234567,ДГ-2\n')
    assert [one.key for one in found.clients] == [IVAN, "ДГ-2"]
    assert found.clients[0].numbers == (IVAN, MARIA)


def test_f31_every_bad_line_is_told_with_its_number() -> None:
    text = (
        "id;name;phone;plan;specialist;priority;email;group\n"
        "1;A;none;;;;;\n"
        "\n"
        '2;"B\nB";;silver;109;9;b;Big\n'
        "3;;89031112233;;;;;\n"
        "1;C;89031112233;;;;;\n"
        ";D;;;;;;\n"
    )
    assert problems(text) == [
        "2: 'none' is no telephone number",
        "4: specialist '109' is no user of acme, expected one of 101, 102, 103 (did you mean 103?)",
        "4: unknown plan 'silver', expected one of base, vip",
        "4: priority is 9, expected a whole number, 1 to 5",
        "4: group is 'Big', expected lower-case Latin letters, digits, - and _, such as vip",
        "6: the client has no name",
        "7: client 1 is in line 2 already",
        "8: nothing to know the client by: neither id, contract nor number",
    ]


def test_f31_files_that_are_no_table_of_clients() -> None:
    assert "no headings" in problems("Иван;89031112233\n")[0]
    assert "no headings" in problems("")[0]
    assert "zero bytes" in problems("name;phone\n\0;1\n")[0]
    assert "no card" in read_cards(b"hello", TENANT).problems[0].message


CARDS = """\
BEGIN:VCARD
VERSION:3.0
FN;CHARSET=UTF-8:Иван Петров
N:Петров;Иван;;;
ORG:ООО «Ромашка»;Закупки
TEL;TYPE=CELL:8 903 111-22-33
TEL;TYPE=WORK:+7 (903) 555-44-33
EMAIL;TYPE=INTERNET:ivan@r.example
END:VCARD
BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:1
FN:Anna
TEL;VALUE=uri;TYPE="voice,home":tel:+44-20-7946-0958;ext=102
X-VATS-PLAN:vip
X-VATS-PRIORITY:2
END:VCARD
BEGIN:VCARD
VERSION:3.0
TEL:none
END:VCARD
"""


def test_f31_an_address_book_of_either_version() -> None:
    found = read_cards(CARDS.encode(), TENANT)
    assert [(one.key, one.name, one.company, one.numbers, one.plan) for one in found.clients] == [
        (IVAN, "Иван Петров", "ООО «Ромашка»", (IVAN, MARIA), ""),
        ("urn:uuid:1", "Anna", "", ("+442079460958",), "vip"),
    ]
    assert found.clients[1].priority == 2
    assert {line for line, _ in found.problems} == {18}
    assert "'none' is no telephone number" in [message for _, message in found.problems]


def test_f31_without_an_id_his_first_number_knows_him_again_whatever_comes_behind_it() -> None:
    late = "+79990000000"
    for numbers in (late, f"{late}, {IVAN}"):
        [one] = read_table(f"name;phone\nИван;{numbers}\n".encode(), TENANT).clients
        assert one.key == late
    assert one.numbers == (IVAN, late)


def test_f31_numbers_as_people_write_them_into_tables() -> None:
    rows = [
        '"8 (903) 111-22-33, доб. 5"',
        "+7 903 111-22-33 доб.12",
        "8-903-111-22-33 (моб.)",
        "+7 903 1112233 ext 104",
    ]
    for written in rows:
        found = read_table(f"name;phone\nИван;{written}\n".encode(), TENANT)
        assert ([one.numbers for one in found.clients], found.problems) == ([(IVAN,)], [])
    for wrong in ("8 903 111-22-33 спросить Ивана", "доб", "+7 903 111-22-33 4"):
        found = read_table(f"id;name;phone\n1;Иван;{wrong}\n".encode(), TENANT)
        assert [message for _, message in found.problems] == [f"{wrong!r} is no telephone number"]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
CLIENTS = st.lists(
    st.builds(
        Client,
        key=TEXT,
        name=TEXT,
        company=TEXT | st.just(""),
        numbers=st.sets(st.integers(9030000000, 9039999999).map("+7{}".format), max_size=3).map(
            lambda numbers: tuple(sorted(numbers))
        ),
        contract=TEXT | st.just(""),
        plan=st.sampled_from(["", "vip", "base"]),
        specialist=st.sampled_from(["", "101", "102"]),
        substitute=st.sampled_from(["", "103"]),
        priority=st.integers(0, 5),
        group=st.sampled_from(["", "vip"]),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one.key,
).filter(
    lambda clients: len(all_numbers := [n for one in clients for n in one.numbers]) == len(set(all_numbers))
)


@settings(max_examples=150, deadline=None)
@given(CLIENTS)
def test_f31_what_is_exported_is_imported_as_the_same(clients: list[Client]) -> None:
    for found in (
        read_table(write_table(clients).encode(), TENANT),
        read_cards(write_cards(clients).encode(), TENANT),
    ):
        assert found.problems == []
        assert list(found.clients) == clients
