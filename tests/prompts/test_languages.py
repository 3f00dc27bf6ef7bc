"""A scenario that changes its language has its values and built-in prompts made in both (F10)."""

from collections.abc import Iterable
from pathlib import Path

from engine.directory.prompt_model import Prompt, SayPrompt, TextPrompt, parts
from engine.directory.prompts import PromptProblem
from engine.scenarios.loader import load_scenario
from engine.scenarios.preparation import Preparation

SCENARIO = """\
scenario: main
start: choice
steps:
  choice: {type: menu, prompt: {text: "English: two"}, keys: {1: place, 2: english}}
  english: {type: language, language: en, next: place}
  place: {type: say, say: number, value: "{caller.number}", unit: calls, next: noun}
  noun: {type: say, say: number, value: "{caller.number}", noun: [заказ, заказа, заказов], next: bye}
  bye: {type: hangup, prompt: goodbye}
"""


class Asked:
    def __init__(self) -> None:
        self.by_language: dict[str, list[object]] = {}

    def prepare(
        self, tenant: str, folder: Path, language: str, prompts: Iterable[Prompt]
    ) -> list[PromptProblem]:
        self.by_language[language] = [part for prompt in prompts for part in parts(prompt)]
        return [PromptProblem("goodbye", f"not in {language}")]


def test_values_and_built_in_prompts_are_made_in_every_language_of_the_scenario(tmp_path: Path) -> None:
    path = tmp_path / "acme" / "main.yaml"
    path.parent.mkdir()
    path.write_text(SCENARIO)
    scenario = load_scenario(path).scenario
    assert scenario is not None
    asked = Asked()
    problems = Preparation(asked).prepare(scenario, "ru")
    assert [problem.message for problem in problems] == ["not in ru", "not in en"]
    russian, english = asked.by_language["ru"], asked.by_language["en"]
    assert TextPrompt(text="English: two") in russian
    assert set(russian) - set(english) == {
        TextPrompt(text="English: two"),
        SayPrompt(say="number", value="{caller.number}", noun=("заказ", "заказа", "заказов")),
    }
    assert {"goodbye", "wrong-key", SayPrompt(say="number", value="{caller.number}", unit="calls")} <= set(
        english
    )
