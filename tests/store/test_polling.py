"""What the worker looks for again and again goes on, whatever one look meets."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from engine.store.polling import poll
from tests.virtual_time import run


def test_a_look_that_fails_is_tried_again_and_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    looks: list[float] = []

    async def look() -> None:
        looks.append(asyncio.get_running_loop().time())
        match len(looks):
            case 2:
                raise OperationalError("SELECT 1", {}, OSError("away"))
            case 3:
                raise KeyError("a bug")

    async def scene() -> None:
        task = asyncio.create_task(poll(look, 1.0, "part"))
        await asyncio.sleep(20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scene())
    first, *others = looks
    assert [round(at - first) for at in others[:4]] == [1, 4, 15, 16]
    told = capsys.readouterr().out
    assert "part.put_off" in told
    assert "part.failed" in told
