"""What callers hear on roads, made ahead beside the calls; what is not made yet is spoken in the call."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from engine.calls.parking import PROMPTS as PARKING_PROMPTS
from engine.calls.ringing import PRESS_ONE
from engine.calls.transfer.number import WRONG_PROMPTS
from engine.directory.directory import Directory
from engine.directory.prompt_model import Prompt, TextPrompt
from engine.directory.prompts.library import PromptLibrary
from engine.scenarios.roads.callback import callback_prompts, company_name
from engine.scenarios.roads.mailbox import mailbox_prompts
from engine.scenarios.roads.message import MESSAGE_PROMPTS
from engine.scenarios.roads.resumed import RESUMED_PROMPTS
from engine.scenarios.roads.services import SERVICE_PROMPTS
from engine.scenarios.waiting.words import all_words

_log = structlog.get_logger(__name__)


def road_prompts(language: str) -> tuple[Prompt, ...]:
    """All that is said on roads in this language. A road that speaks has its own added here."""
    return (
        *mailbox_prompts(language),
        *MESSAGE_PROMPTS,
        *WRONG_PROMPTS.values(),
        "lines-busy",
        PRESS_ONE,
        *SERVICE_PROMPTS,
        *PARKING_PROMPTS,
        *callback_prompts(),
        *all_words(None),  # in a queue that a colleague dials, or that a call is passed on to
        *RESUMED_PROMPTS,
    )


class RoadPrompts:
    """Makes them for all tenants. `scenarios` is the folder with their scenario folders."""

    def __init__(self, prompts: PromptLibrary, directory: Callable[[], Directory], scenarios: Path) -> None:
        self._prompts = prompts
        self._directory = directory
        self._scenarios = scenarios
        self._wanted = asyncio.Event()
        self._values_of: set[str] = set()  # languages
        self.preparing = False  # some are still to be made

    def look(self) -> None:
        """There may be new tenants, or new recordings of theirs."""
        self.preparing = True
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            for tenant in list(self._directory().tenants.values()):
                wanted = road_prompts(tenant.language)
                # Values are put together of words that all tenants share; names may be the tenant's own.
                if tenant.language in self._values_of:
                    wanted = tuple(prompt for prompt in wanted if isinstance(prompt, str))
                if any(queue.callback for queue in tenant.queues.values()):
                    wanted = (*wanted, company_name(tenant))
                # Reasons of pauses are texts of the tenant's own.
                wanted += tuple(TextPrompt(text=reason) for reason in tenant.pauses.reasons.values())
                folder = self._scenarios / tenant.name
                problems = await asyncio.to_thread(
                    self._prompts.prepare, tenant.name, folder, tenant.language, wanted
                )
                for problem in problems:
                    _log.error("road.prompt_missing", tenant=tenant.name, cause=problem.message)
                self._values_of.add(tenant.language)
            self.preparing = self._wanted.is_set()
