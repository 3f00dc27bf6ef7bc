"""The mail server, and what its answers mean: it is away, not now, or never."""

import asyncio
import contextlib
import ssl
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr

import aiosmtplib

from engine.secrets import existing_secret
from engine.settings import Settings, SettingsError

# The library's limit is for one answer; this is for a whole mail, in such limits.
_WHOLE = 6
_GOODBYE_S = 2.0
# They say that we are not let in: that is no word about this mail.
_NOT_LOGGED_IN = frozenset({530, 534, 535, 538})


class ServerAway(Exception):
    """No mail can be sent now; the message names the server and says why."""


class PutOff(Exception):
    """This mail was not taken, or nobody knows whether it was; it may be tried later."""


class Refused(Exception):
    """This mail is never taken; the message is the server's reason."""


class MailServer:
    """One connection, opened when it is needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._smtp: aiosmtplib.SMTP | None = None

    async def open(self) -> None:
        """Connect and log in unless that is done. Raises `ServerAway`."""
        if self._smtp is not None and self._smtp.is_connected:
            return
        mail = self._settings.mail
        try:
            smtp = aiosmtplib.SMTP(
                hostname=mail.host,
                port=mail.port_used,
                use_tls=mail.tls == "tls",
                start_tls=mail.tls == "starttls",
                tls_context=self._tls() if mail.tls != "none" else None,
                username=mail.username or None,
                password=existing_secret(self._settings, mail.password_file) if mail.username else None,
                timeout=mail.timeout,
            )
            async with asyncio.timeout(_WHOLE * mail.timeout):
                await smtp.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError, SettingsError) as error:
            raise ServerAway(f"{mail.host}:{mail.port_used}: {_told(error)}") from error
        self._smtp = smtp

    async def send(self, letter: EmailMessage, recipient: str) -> None:
        """Returns when the server has taken it. Raises `PutOff` and `Refused`."""
        assert self._smtp is not None, "open() comes first"
        mail = self._settings.mail
        try:
            async with asyncio.timeout(_WHOLE * mail.timeout):
                sender = parseaddr(mail.sender)[1]
                await self._smtp.sendmail(sender, recipient, letter.as_bytes(policy=SMTP_POLICY))
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _judged(error.recipients[0]) from error
        except aiosmtplib.SMTPResponseException as error:
            if error.code == 421:
                await self.close()
            raise _judged(error) from error
        except (aiosmtplib.SMTPNotSupported, ValueError) as error:
            raise Refused(_told(error)) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self._drop()
            raise PutOff(_told(error)) from error
        except BaseException:
            self._drop()
            raise

    async def close(self) -> None:
        """Say goodbye; a server that does not answer is left."""
        if self._smtp is not None and self._smtp.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await self._smtp.quit(timeout=_GOODBYE_S)
        self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._settings.mail_ca_file is not None:
            context.load_verify_locations(self._settings.mail_ca_file)
        return context


async def greet(settings: Settings) -> None:
    """Connect, log in and say goodbye: whether mail could be sent now. Raises `ServerAway`."""
    server = MailServer(settings)
    await server.open()
    await server.close()


def _judged(answer: aiosmtplib.SMTPResponseException) -> PutOff | Refused:
    text = f"{answer.code} {' '.join(str(answer.message).split())}"
    never = 500 <= answer.code < 600 and answer.code not in _NOT_LOGGED_IN
    return Refused(text) if never else PutOff(text)


def _told(error: BaseException) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {' '.join(str(error.message).split())}"
    unsaid = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    return " ".join(str(error).split()) or unsaid
