"""Real servers on this machine, which remember what they took: a mail server (aiosmtpd) and a webhook's endpoint."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

PASSWORD = "s3cret,pass word"


@dataclass
class Mailbox:
    """What a mail server took. It refuses the recipients in `refuses`, and every password but PASSWORD."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, _: Any) -> str:
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.recipients.append(envelope.rcpt_tos)
        self.over_tls.append(session.ssl is not None)
        return "250 OK"

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, login: LoginPassword
    ) -> AuthResult:
        self.users.append(login.login.decode())
        return AuthResult(success=login.password.decode() == PASSWORD, handled=False)


class _AnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: bool = False
) -> Iterator[Mailbox]:
    """A mail server, in clear, with STARTTLS or with TLS from the start; with `login` it wants a user."""
    mailbox = Mailbox()
    options: dict[str, Any] = {"tls_context": starttls, "require_starttls": True} if starttls else {}
    if login:
        options |= {"authenticator": mailbox.authenticate, "auth_required": True, "auth_require_tls": bool(starttls)}
    controller = _AnyPort(mailbox, hostname="127.0.0.1", port=0, ssl_context=tls, **options)
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()


@dataclass
class Endpoint:
    """A webhook: the texts it was posted and answered with 200. `answer` can be told to say something else; `on_post`
    is called before it answers."""

    address: str = ""
    texts: list[str] = field(default_factory=list)
    answer: int = 200
    on_post: Callable[[dict], None] = lambda payload: None


@contextmanager
def webhook() -> Iterator[Endpoint]:
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint.on_post(payload)
            if endpoint.answer == 200:
                endpoint.texts.append(payload["text"])
            self.send_response(endpoint.answer)
            if 300 <= endpoint.answer < 400:
                self.send_header("Location", f"{endpoint.address}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            endpoint.texts.append("a redirect was followed")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    endpoint.address = f"http://127.0.0.1:{server.server_port}/services/T0/B0/very-secret"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
