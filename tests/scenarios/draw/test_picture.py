"""What stands in a drawing (F43): every step and exit, nothing over another, no tenant's text unescaped."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as Xml

import pytest

from engine.directory.directory import Tenant
from engine.directory.loader import load_tenant
from engine.scenarios.check import check_scenario
from engine.scenarios.draw import LayoutError, Sketch, draw, layout, sketch_of_file, sketch_of_scenario
from engine.scenarios.draw.icons import ICONS
from engine.scenarios.live import scenario_files
from engine.scenarios.loader import load_scenario
from engine.scenarios.model import Exit, StepModel
from engine.scenarios.steps import STEP_TYPES
from engine.scenarios.words import LANGUAGES, Language
from tests.scenarios.draw.seen import Seen

CHECKOUT = Path(__file__).resolve().parent.parent.parent.parent
SCENARIOS = [
    path for folder in sorted((CHECKOUT / "ivr_scenarios").iterdir()) for path in scenario_files(folder)
]
BROKEN = sorted((CHECKOUT / "tests" / "scenarios" / "broken").glob("*.yaml"))

TENANT = """
tenant: acme
title: ООО «Акме»
numbers:
  "+74951234567": {scenario: main, title: Офис}
  "+78125550101": {scenario: main}
  "+78125550102": {scenario: other}
users:
  "101": {name: Анна Иванова}
  "102": {name: Пётр Смирнов}
groups:
  managers: {members: ["101", "102"], timeout: 40s}
phone_book: {"+79031112233": Иван Петров}
"""


def read(folder: Path, text: str, tenant: str = TENANT) -> tuple[Sketch, Tenant]:
    (folder / "acme").mkdir(exist_ok=True)
    (folder / "acme.yaml").write_text(tenant)
    path = folder / "acme" / "main.yaml"
    path.write_text(text)
    owner = load_tenant(folder / "acme.yaml").tenant
    assert owner is not None
    file = load_scenario(path)
    return sketch_of_file(file, owner, check_scenario(file, owner)), owner


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_scenario_of_ours(path: Path, language: Language) -> None:
    tenant = load_tenant(CHECKOUT / "config" / "tenants" / f"{path.parent.name}.yaml").tenant
    file = load_scenario(path)
    assert file.scenario is not None
    svg = draw(sketch_of_scenario(file.scenario, tenant), language)
    seen = Seen(svg)
    assert list(seen.crowded()) == []
    assert seen.cards.keys() == file.steps.keys()
    told = [title for title in seen.titles() if " → " in title]
    for name, step in file.steps.items():
        own = " ".join(title for title in told if title.startswith(f"{name} → "))
        missing = [
            one.name for one in step.exits() if not re.search(rf"\b{re.escape(one.name)}(\)|,|$)", own)
        ]
        assert missing == [], name
    assert svg == draw(sketch_of_file(file, tenant), language)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_what_is_wrong_is_drawn_as_far_as_it_is_understood(path: Path) -> None:
    file = load_scenario(path)
    seen = Seen(draw(sketch_of_file(file, None, check_scenario(file, None))))
    assert list(seen.crowded()) == []
    data = file.document.data
    steps = data.get("steps") if isinstance(data, dict) else None
    assert len(seen.cards) == (len(steps) if isinstance(steps, dict) else 0)


def test_what_a_person_sees(tmp_path: Path) -> None:
    sketch, _ = read(
        tmp_path,
        """
scenario: main
title: Главное меню
start: menu
steps:
  menu:
    type: menu
    prompt: {text: "Здравствуйте! Продажи — один."}
    keys: {0: desk, "*": menu, 2: bye, 1: sales}
    attempts: 2
    on_error: bye
  sales: {type: ring, group: managers, on_no_answer: bye, on_busy: menu}
  desk: {type: ring, user: "101"}
  bye: {type: hangup, prompt: goodbye}
  alone: {type: play, prompt: my-record, next: bye}
""",
    )
    seen = Seen(draw(sketch))
    texts = seen.texts()
    assert texts[:2] == ["Главное меню", "ООО «Акме» · main · 5 шагов"]
    assert "8\u00a0(495)\u00a0123\u201145\u201167 · Офис" in texts
    assert "8\u00a0(812)\u00a0555\u201101\u201101" in texts
    assert not any("555\u201101\u201102" in text for text in texts)
    assert seen.card_texts("menu") == [
        "Меню", "menu", "«Здравствуйте! Продажи — один.»", "5 с · 2 попытки",
        "1", "2, ошибка", "0", "✱", "нет выбора → секретарь:", "Анна Иванова",
    ]  # fmt: skip
    assert seen.card_texts("sales") == [
        "Звонок группе", "sales", "managers", "Анна Иванова, Пётр Смирнов", "40 с",
        "после разговора → конец", "нет ответа, телефон", "выключен", "занято",
    ]  # fmt: skip
    assert seen.card_texts("bye")[2:] == ["«Спасибо за звонок. До свидания!»"]
    # Loops are arrows of their own kind, and what nothing reaches lies apart, grey, and leads to no arrow.
    back = [arrow for arrow in seen.arrows if 'class="line line-back"' in _text(arrow)]
    assert [_title(arrow).split(":")[0] for arrow in back] == ["menu → menu", "sales → menu"]
    assert "faint" in seen.cards["alone"].get("class", "")
    assert "→ bye" in seen.card_texts("alone")
    assert seen.card("alone").top > max(seen.card(name).bottom for name in ("menu", "sales", "desk", "bye"))
    assert "Сюда не ведёт ни один шаг" in texts
    english = Seen(draw(sketch, "en")).texts()
    assert "Ring a group" in english
    assert "nobody answers → apology, end" in " ".join(english)


def _text(element: Xml.Element) -> str:
    return Xml.tostring(element, encoding="unicode")


def _title(element: Xml.Element) -> str:
    found = re.search(r"title>(.*?)</", _text(element), re.DOTALL)
    assert found is not None
    return found[1]


def test_errors_are_marked_where_they_are(tmp_path: Path) -> None:
    sketch, _ = read(
        tmp_path,
        """
scenario: main
start: menu
steps:
  menu: {type: menu, prompt: welcome, keys: {1: nowhere, 2: strange}, on_error: broken}
  strange: {type: teleport}
  broken: {type: ring}
colour: blue
""",
    )
    seen = Seen(draw(sketch, "en"))
    bad = {name for name, card in seen.cards.items() if "bad" in card.get("class", "").split()}
    assert bad == {"menu", "strange", "broken"}
    assert "1 → no step nowhere" in seen.card_texts("menu")
    assert "unknown step type teleport" in " ".join(seen.card_texts("strange"))
    assert any('class="line line-error dashed"' in _text(arrow) for arrow in seen.arrows)
    assert "error" in seen.card_texts("menu")
    assert "4 errors" in seen.texts()
    assert len(seen.card_texts("broken")) == len(["head", "name", "message", "its end"])
    assert list(seen.crowded()) == []


HOSTILE = "</text><script>alert('&\\\"1\\\"')</script>]]>\\u202e\\u0007<!--"


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    tenant = TENANT.replace("Анна Иванова", "<b>&amp;'><script>").replace("ООО «Акме»", "<?x?>&<!DOCTYPE a>")
    sketch, _ = read(
        tmp_path,
        f"""
scenario: main
title: "{HOSTILE}"
start: menu
steps:
  menu: {{type: play, prompt: {{text: "{HOSTILE}"}}, next: ring}}
  ring: {{type: ring, group: managers}}
  "<script>&": {{type: hangup}}
""",
        tenant,
    )
    svg = draw(sketch)
    seen = Seen(svg)
    assert {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in seen.root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "g", "path", "a",
    }  # fmt: skip
    assert not any(name.lower().startswith("on") for each in seen.root.iter() for name in each.attrib)
    assert seen.texts()[0].startswith("</text><script>alert('&\"1\"')</script>]]><!--")
    assert "<script" not in svg
    assert not set("\u202e\u0007") & set(svg)
    assert list(seen.crowded()) == []


class Teleport(StepModel):
    """A kind of step that nobody has words for."""

    type: Literal["teleport_home"] = "teleport_home"
    attempts: int = 3

    def exits(self) -> list[Exit]:
        return [Exit("arrived", "there"), Exit("on_lost_way", None)]

    async def run(self, call: object) -> str:
        return "arrived"


def test_a_kind_of_step_that_is_new_needs_no_change_here() -> None:
    steps: Mapping[str, StepModel] = {"here": Teleport(), "there": Teleport()}
    sketch = Sketch(
        "main", "", "here", "ru", None, None, steps, tuple(steps), dict.fromkeys(steps, "teleport_home")
    )
    seen = Seen(draw(sketch))
    assert seen.card_texts("here") == [
        "Teleport home", "here", "3 попытки", "arrived", "lost way → конец",
    ]  # fmt: skip
    assert list(seen.crowded()) == []


def test_every_kind_of_step_has_a_picture() -> None:
    assert set(STEP_TYPES) <= set(ICONS)


def many_steps(count: int) -> str:
    """A tree of menus with five keys each, everyone leading back and to the same ends."""
    menus, rings, lines = count // 5, 0, []
    for number in range(menus):
        keys = {}
        for key in range(1, 6):
            below = number * 5 + key
            keys[key] = f"menu{below}" if below < menus else f"ring{rings}"
            rings += below >= menus
        listed = ", ".join(f"{key}: {target}" for key, target in keys.items())
        lines.append(
            f"  menu{number}: {{type: menu, prompt: {{text: Отделение {number}}}, "
            f'keys: {{{listed}, 0: desk, "*": menu0}}, on_timeout: bye}}'
        )
    lines += [
        f"  ring{number}: {{type: ring, group: managers, on_no_answer: desk}}" for number in range(rings)
    ]
    lines += ['  desk: {type: ring, user: "101"}', "  bye: {type: hangup, prompt: goodbye}"]
    return "scenario: main\nstart: menu0\nsteps:\n" + "\n".join(lines) + "\n"


def test_two_hundred_steps_within_seconds(tmp_path: Path) -> None:
    sketch, _ = read(tmp_path, many_steps(200))
    began = time.monotonic()
    seen = Seen(draw(sketch))
    assert time.monotonic() - began < 10
    assert len(seen.cards) > 190
    assert list(seen.crowded()) == []
    # Of a hundred arrows to one step two are drawn, the others are references that lead there by a click.
    to_desk = [arrow for arrow in seen.arrows if "→ desk" in _title(arrow)]
    assert len(to_desk) == 2
    desk = seen.cards["desk"].get("id")
    assert sum(f'href="#{desk}"' in _text(card) for card in seen.cards.values()) > 100


def test_where_graphviz_is_missing_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LayoutError, match="apt-get install graphviz"):
        layout.lay_out([layout.Box(10, 10)], [])


PICTURES = sorted((CHECKOUT / "docs" / "administrators" / "pictures").glob("*/*.svg"))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_pictures_in_the_docs_say_what_the_scenarios_say(path: Path) -> None:
    """Where things lie depends on Graphviz's version, what is written does not."""
    tenant = load_tenant(CHECKOUT / "config" / "tenants" / f"{path.parent.name}.yaml").tenant
    file = load_scenario(CHECKOUT / "ivr_scenarios" / path.parent.name / f"{path.stem}.yaml")
    now, kept = Seen(draw(sketch_of_file(file, tenant))), Seen(path.read_text())
    assert now.texts() == kept.texts(), "run `vats draw --all docs/administrators/pictures`"
    assert now.titles() == kept.titles(), "run `vats draw --all docs/administrators/pictures`"


def test_there_is_a_picture_in_the_docs() -> None:
    assert "romashka/main.svg" in {f"{path.parent.name}/{path.name}" for path in PICTURES}
