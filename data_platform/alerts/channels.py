"""The ways to reach people. One interface: a channel has a `name` that is no secret, and sends one message or raises.

Clients are the standard library's, imported when something is really sent. TLS certificates are verified against the
system's authorities (`SSL_CERT_FILE` names others).
"""

from __future__ import annotations

import json
import logging
import ssl
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from data_platform.alerts.message import Message
from data_platform.settings import Settings

if TYPE_CHECKING:
    from email.message import EmailMessage

TIMEOUT = 10
"""Seconds that one channel may take in all."""
log = logging.getLogger("data_platform.alerts")


class NotSent(Exception):
    """A message that a channel did not take, and why; names no secret."""


class Channel(Protocol):
    @property
    def name(self) -> str:
        """What the channel is called in logs and in the ledger; never a secret."""
        ...

    def send(self, message: Message) -> None:
        """Send; NotSent or OSError where that fails."""
        ...


@dataclass(frozen=True, slots=True)
class Log:
    name: str = "log"

    def send(self, message: Message) -> None:
        log.log(logging.ERROR if message.blocks else logging.WARNING, "%s\n%s", message.subject, message.text)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server. With `smtps` TLS from the start; with `smtp` as soon as the server offers it. A password is never
    sent without TLS."""

    name: str
    host: str
    port: int
    sender: str
    implicit_tls: bool
    user: str = ""
    password: str = field(default="", repr=False)

    def send(self, message: Message) -> None:
        from email.message import EmailMessage

        if not message.owners:
            raise NotSent(f"the contract of {message.dataset} names no owner")
        mail = EmailMessage()
        mail["To"], mail["Subject"], mail["Message-ID"] = (
            ", ".join(message.owners),
            message.subject,
            self.id(message.id),
        )
        if message.blocks:
            mail["Importance"] = "high"
        mail.set_content(message.text)
        if refused := self.deliver(mail):
            log.warning("%s refused %s: %s", self.name, ", ".join(refused), message.subject)

    def id(self, unique: str) -> str:
        """A Message-ID; mail servers and clients show those that are the same once."""
        return f"<{unique}@{self.sender.rpartition('@')[2]}>"

    def deliver(self, mail: EmailMessage, timeout: float = TIMEOUT) -> tuple[str, ...]:
        """Hand over a mail that has its recipients, subject and content; the recipients that the server refused.

        Raises NotSent where it takes the mail for nobody, OSError where it cannot be reached. `timeout` is in seconds,
        for each answer of the server.
        """
        import smtplib
        from email.utils import formatdate

        mail["From"], mail["Date"], mail["Auto-Submitted"] = self.sender, formatdate(), "auto-generated"
        context = ssl.create_default_context()
        if self.implicit_tls:
            server = smtplib.SMTP_SSL(self.host, self.port, timeout=timeout, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=timeout)
        try:
            with server:
                if not self.implicit_tls:
                    server.ehlo()
                    if server.has_extn("starttls"):
                        server.starttls(context=context)
                    elif self.user:
                        raise NotSent("the server offers no TLS, and a password is not sent without")
                if self.user:
                    server.login(self.user, self.password)
                return tuple(server.send_message(mail))
        except smtplib.SMTPResponseException as error:  # its text is the server's own, and may repeat what it was told
            raise NotSent(f"{type(error).__name__} {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise NotSent(f"the server refuses {', '.join(error.recipients)}") from None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A Slack-compatible incoming webhook (Slack, Mattermost, Rocket.Chat, ...). Its address is a secret: nothing but
    the host is ever shown, and no redirect is followed."""

    name: str
    address: str = field(repr=False)

    def send(self, message: Message) -> None:
        from urllib.error import HTTPError, URLError
        from urllib.request import HTTPRedirectHandler, Request, build_opener

        class NoRedirect(HTTPRedirectHandler):
            def redirect_request(self, req, fp, code, msg, headers, newurl) -> None:
                return None

        body = json.dumps({"text": slack_text(message)}).encode()
        request = Request(self.address, body, {"Content-Type": "application/json"})  # noqa: S310 - see settings
        try:
            build_opener(NoRedirect).open(request, timeout=TIMEOUT).close()
        except HTTPError as error:
            error.close()
            raise NotSent(f"HTTP {error.code}") from None
        except URLError as error:
            raise NotSent(type(error.reason).__name__) from None


def slack_text(message: Message) -> str:
    """Plain text in a code block: nothing in it is a mention, a link or formatting."""
    subject, text = (
        each.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "'''")
        for each in (message.subject, message.text)
    )
    return f"*{'Blocked' if message.blocks else 'Warning'}*\n```\n{subject}\n\n{text}\n```"


def channels(settings: Settings) -> list[Channel]:
    """The channels that the settings name, which have validated them."""
    return [_channel(each, settings.smtp_password) for each in settings.alerts]


def mail_server(settings: Settings) -> Mail | None:
    """The mail server that the settings name for alerts, the first where there are several; others mail by it, too."""
    return next((each for each in channels(settings) if isinstance(each, Mail)), None)


def _channel(entry: str, password: str) -> Channel:
    if entry == "log":
        return Log()
    address = urlsplit(entry)
    host = address.hostname or ""
    if address.scheme in ("https", "http"):
        return Webhook(f"{address.scheme}://{host}#{sha256(entry.encode()).hexdigest()[:8]}", entry)
    secure, user = address.scheme == "smtps", unquote(address.username or "")
    sender = parse_qs(address.query).get("from", [user if "@" in user else f"data-platform@{host}"])[0]
    port = address.port or (465 if secure else 587)
    return Mail(f"{address.scheme}://{host}:{port}", host, port, sender, secure, user, password if user else "")
