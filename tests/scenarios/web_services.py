"""Web services for steps on the scripted switch: what they answer, after how long."""

import asyncio
from dataclasses import dataclass, field

from engine.calls.web_services import WebAnswer, WebRequest, WebServiceFailed


@dataclass
class Scripted:
    """Gives its answers one after another, the last one for ever; `seconds` of virtual time each."""

    answers: list[WebAnswer | str] = field(default_factory=lambda: [WebAnswer()])
    seconds: float = 0.0
    asked: list[WebRequest] = field(default_factory=list)
    cancelled: int = 0

    async def ask(self, request: WebRequest) -> WebAnswer:
        self.asked.append(request)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            raise WebServiceFailed(answer)
        return answer
