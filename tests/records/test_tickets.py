"""F33: ticket numbers, none twice, whatever is killed."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.records.tickets import TicketFileWrong, TicketNumbers, is_ticket, with_check_digit


async def test_numbers_are_short_and_never_given_twice(tmp_path: Path) -> None:
    given_out: list[str] = []
    for _ in range(4):  # each time as after a kill
        numbers = TicketNumbers(tmp_path / "tickets")
        given_out += await asyncio.gather(*(numbers.open("romashka") for _ in range(60)))
    assert len(set(given_out)) == 240
    assert all(is_ticket(number) for number in given_out)
    assert min(map(len, given_out)) == 4
    assert await TicketNumbers(tmp_path / "tickets").open("vasilek") == given_out[0]


async def test_a_file_that_is_no_count_is_named(tmp_path: Path) -> None:
    (tmp_path / "romashka").write_text("many\n")
    with pytest.raises(TicketFileWrong, match="romashka: “many” is no count"):
        await TicketNumbers(tmp_path).open("romashka")


@given(st.integers(100, 10**7), st.data())
def test_every_wrong_digit_and_every_swap_of_neighbours_is_noticed(count: int, data: st.DataObject) -> None:
    number = with_check_digit(count)
    at = data.draw(st.integers(0, len(number) - 1))
    digit = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[at]]))
    assert not is_ticket(number[:at] + digit + number[at + 1 :])
    if at and number[at] != number[at - 1]:
        assert not is_ticket(number[: at - 1] + number[at] + number[at - 1] + number[at + 1 :])


@pytest.mark.parametrize("number", ["", "0", "12", "10O3", "１００３", "1004"])
def test_what_is_no_ticket(number: str) -> None:
    assert not is_ticket(number)
