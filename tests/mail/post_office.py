"""A real SMTP server on loopback whose answers a test decides, and messages for it to take."""

import asyncio
import ssl
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

ACCEPT = "250 OK"
HANG = "hang"
DIE = "die"
TAKE_AND_HANG = "take and hang"  # it has the mail, and never says so


class PostOffice:
    """`async with PostOffice() as post`. `at_recipient` and `at_end` are its answers, or HANG, or DIE."""

    def __init__(self, certificate: ssl.SSLContext | None = None, password: str = "") -> None:
        self.at_recipient = self.at_end = ACCEPT
        self.only_first = False  # afterwards all is accepted
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.connections = 0
        self.taken = asyncio.Event()
        self._certificate = certificate
        self._password = password.encode()
        self._open = asyncio.Event()
        self.port = 0

    @property
    def letters(self) -> list[EmailMessage]:
        found = [message_from_bytes(raw, policy=default) for raw in self.raw]
        return [letter for letter in found if isinstance(letter, EmailMessage)]

    async def __aenter__(self) -> "PostOffice":
        self._server = await asyncio.get_running_loop().create_server(self._protocol, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open.set()
        self._server.close()
        await asyncio.sleep(0)

    def _protocol(self) -> SMTP:
        self.connections += 1
        secure = self._certificate is not None
        return SMTP(
            self,
            hostname="post.example",
            tls_context=self._certificate,
            require_starttls=secure,
            authenticator=self._authenticate if self._password else None,
            auth_required=bool(self._password),
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == self._password, handled=False)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer(server, self.at_recipient)
        if answer == ACCEPT:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.at_end
        if answer in (ACCEPT, TAKE_AND_HANG):
            assert isinstance(envelope.original_content, bytes)
            self.raw.append(envelope.original_content)
            self.recipients.append([str(one) for one in envelope.rcpt_tos])
            self.taken.set()
        return await self._answer(server, answer)

    async def _answer(self, server: SMTP, answer: str) -> str:
        if self.only_first and answer != ACCEPT:
            self.at_recipient = self.at_end = ACCEPT
        if answer == DIE:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        if answer in (DIE, HANG, TAKE_AND_HANG):
            await self._open.wait()
        return answer
