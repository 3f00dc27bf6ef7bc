"""What a caller sends as his name is shown as it is: no markup, nothing that moves the cursor."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console, RenderableType

from engine.cli import left, prompt, recording, scenario
from engine.cli.calls import table
from engine.cli.cdr_table import records_table
from engine.cli.plain import plain
from engine.cli.prompt_rows import Row as PromptRow
from engine.cli.queue import tables
from tests.tools.test_calls import live

NAMES = ("[/b]", "[red]x", "\x1b[2J", "Анна\u202e\r\nB")
SHOWN = dict(zip(NAMES, ("[/b]", "[red]x", "[2J", "Анна B"), strict=True))


def printed(shown: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=300, force_terminal=True)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(("name", "shown"), SHOWN.items())
def test_all_of_it_and_nothing_else(name: str, shown: str) -> None:
    assert plain(name).plain == shown
    assert plain(None).plain == ""
    assert plain(name, "green").style == "green"


@pytest.mark.parametrize(("name", "shown"), SHOWN.items())
def test_live_calls(name: str, shown: str) -> None:
    texts = ("tenant", "number", "caller", "caller_name", "state", "step", "operator")
    out = printed(table([live("c1.1", **dict.fromkeys(texts, name))]))
    assert out.count(shown) == len(texts)
    assert "\x1b[2J" not in out


@pytest.mark.parametrize(("name", "shown"), SHOWN.items())
def test_queues_with_their_title(name: str, shown: str) -> None:
    member = {"extension": name, "name": name, "state": name, "reason": name, "for_s": 0, "left_s": 0}
    waiting = {"place": 1, "caller": name, "caller_name": name, "wait_s": 3, "ringing": [name]}
    one = {"tenant": name, "queue": name, "strategy": "random", "free": 1}
    out = printed(tables([{**one, "members": [member], "waiting": [waiting]}]))
    assert out.count(shown) == 9
    assert "\x1b[2J" not in out


@pytest.mark.parametrize(("name", "shown"), SHOWN.items())
def test_call_records(name: str, shown: str) -> None:
    texts = ("caller", "callee", "operator", "disposition", "ended_by", "tenant", "recording")
    numbers = {"started_at": 0, "talk_s": 1.0, "billable_s": 1, "duration_s": 2.0, "cost_kopecks": 150}
    row: Any = {**dict.fromkeys(texts, name), **numbers, "source": "engine"}
    out = printed(records_table([row], 300))
    assert out.count(shown) == len(texts)
    assert "\x1b[2J" not in out
    row["disposition"] = "answered"
    assert "\x1b[32manswered" in printed(records_table([row], 300))


@pytest.mark.parametrize(("name", "shown"), SHOWN.items())
def test_messages(
    name: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def read(query: object) -> Sequence[Any]:
        return [{"left_at": 0, "caller": name, "caller_name": name}]

    monkeypatch.setattr(left, "_read", read)
    left.show(lambda connection: None, ("left_at", "caller", "caller_name"), as_lines=False)  # type: ignore[arg-type,return-value]
    out = capsys.readouterr().out
    assert out.count(shown) == 2
    assert "\x1b" not in out


@pytest.mark.parametrize(("name", "shown"), SHOWN.items())
def test_recordings(name: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    texts = ("call_id", "tenant", "caller", "operator", "state", "store", "path")
    row: Any = dict.fromkeys(texts, name) | dict.fromkeys(("error", "deleted_why", "deleted_at"))
    recording._print([row | {"started_at": 0, "duration_ms": 1500}])
    out = capsys.readouterr().out
    assert out.count(shown) == len(texts)
    assert "\x1b" not in out


@pytest.mark.parametrize(("name", "shown"), SHOWN.items())
def test_prompts_and_scenarios(name: str, shown: str) -> None:
    row = PromptRow(*dict.fromkeys(PromptRow._fields, name).values())  # type: ignore[arg-type]
    out = printed(prompt._table([row._replace(seconds=1.0, used_by=[name])]))
    assert out.count(shown) == 5
    listed = dict.fromkeys(("tenant", "scenario", "version", "by", "file"), name) | {"live_since": ""}
    assert printed(scenario._list_table([listed])).count(shown) == 5
