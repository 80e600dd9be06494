"""Real servers on loopback that take messages: HTTP of every temper, and SMTP."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOES_ON = 30.0
"""Seconds for which a server is silent, or says a letter now and then."""


class Inbox:
    """An HTTP server that answers as it is told, and keeps what it was sent.

    Args:
        answers: one for each request, the last one for all that follow: a status, `slow` (it
            answers too late), `drip` (its head never ends), `huge`, `drop`, or a redirect's URL.
    """

    def __init__(self, *answers: int | str) -> None:
        self.answers = list(answers) or [202]
        self.requests: list[dict[str, Any]] = []
        self.answered = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/incidents"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(size) or b"null")
                inbox.requests.append({"headers": dict(self.headers), "body": body})
                answer = inbox.answers[0]
                if len(inbox.answers) > 1:
                    inbox.answers.pop(0)
                inbox.reply(self, answer)

            do_PUT = do_PATCH = do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    def reply(self, handler: BaseHTTPRequestHandler, answer: int | str) -> None:
        """Answer one request."""
        if answer == "slow":
            time.sleep(GOES_ON)
        if answer == "drop":
            return
        if answer == "drip":
            for _ in range(int(GOES_ON / 0.3)):
                handler.wfile.write(b"H")
                handler.wfile.flush()
                time.sleep(0.3)
            return
        redirect = isinstance(answer, str) and answer.startswith("http")
        handler.send_response(307 if redirect else 200 if isinstance(answer, str) else answer)
        if redirect:
            handler.send_header("Location", str(answer))
        size = 1 << 26 if answer == "huge" else 2
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        handler.wfile.write(b"x" * size)
        self.answered += 1

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def inbox(*answers: int | str) -> Iterator[Inbox]:
    """Yield a server for the time of a test."""
    made = Inbox(*answers)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def mailbox() -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a real mail server as apprise writes it, and the mails it got."""
    from aiosmtpd.controller import Controller  # noqa: PLC0415 - one test needs it

    mails: list[str] = []

    class Keeper:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802
            mails.append(envelope.content.decode("utf-8", "replace"))
            return "250 OK"

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    controller = Controller(Keeper(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"mailto://127.0.0.1:{port}/?from=ops@example.org&to=team@example.org", mails
    finally:
        controller.stop()
