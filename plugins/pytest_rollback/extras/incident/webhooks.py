"""Channels that are a webhook: one request with a bearer token, in bounded time.

A try takes ten seconds at most, whatever the server does. Redirects are not followed: they would
send the token to another server. Of a response 64 kB are read, and only its status is kept.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from urllib.parse import urlsplit

from pytest_rollback.errors import Refused
from pytest_rollback.extras.incident.credentials import read
from pytest_rollback.extras.incident.messages import Message
from pytest_rollback.manifest.contacts import Pager, Status, Webhook, is_loopback

Payload = Mapping[str, str | Sequence[str] | None]
"""The JSON object that is sent."""

CONNECT, READ, WHOLE = 3.0, 5.0, 10.0
"""Seconds to connect, between two pieces of an answer, and for one try."""

MOST = 64 * 1024
"""Bytes of an answer that are read."""

ERROR, REDIRECT, BUSY = 400, 300, 429


class Failed(Exception):
    """A message was not accepted.

    Args:
        why: what the other side said or did.
        again: whether another try may help.
    """

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.why, self.again = why, again


class WebhookChannel:
    """A POST with a bearer token. What is sent is everything that is known of a message."""

    method = "POST"

    def __init__(self, name: str, about: Webhook) -> None:
        self.name, self.about = name, about

    def wants(self, about: str) -> bool:
        """Return whether messages about this go here; a test goes everywhere."""
        return about == "test" or about in getattr(self.about, "about", ())

    def check(self) -> None:
        """See that the token is there."""
        read(self.about)

    def secrets(self) -> dict[str, str]:
        """Return the token."""
        try:
            return {f"the token of {self.name}": read(self.about)}
        except Refused:
            return {}

    def payload(self, message: Message) -> Payload:
        """Return what is sent."""
        told = {"message": message.title, "details": message.text, "event": message.about}
        facts = asdict(message.facts) if message.facts else {}
        return {**told, "key": message.key, **facts}

    def send(self, message: Message) -> None:
        """Try once."""
        token, payload = read(self.about), self.payload(message)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": message.key}
        url, method = self.about.url, self.method
        within(WHOLE, lambda: posted(method, url, headers, payload))


class PagerChannel(WebhookChannel):
    """The pager: it wants to know how severe an incident is."""

    def __init__(self, about: Pager) -> None:
        super().__init__("pager", about)
        self.severity = about.severity

    def payload(self, message: Message) -> Payload:
        """Return what is sent."""
        return {**super().payload(message), "severity": self.severity}


class StatusPage(WebhookChannel):
    """The status page: gets the messages that it has a text for."""

    def __init__(self, about: Status) -> None:
        super().__init__("status", about)
        self.method = about.method
        self.texts = about.texts.model_dump()

    def wants(self, about: str) -> bool:
        """Return whether it has something to say; it takes no test, which everybody would see."""
        return bool(self.texts.get(about))

    def payload(self, message: Message) -> Payload:
        """Return what is sent: users read it, so nothing of ours is in it."""
        return {"status": message.about, "message": self.texts[message.about], "key": message.key}


def within(seconds: float, act: Callable[[], None]) -> None:
    """Do something that may hang; what takes longer is left behind.

    Raises:
        Failed: it took longer.
        Exception: whatever it raised.
    """
    raised: list[BaseException] = []

    def carry() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - it is raised where all are waited for
            raised.append(error)

    thread = threading.Thread(target=carry, name="telling", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise Failed(f"timed out after {seconds:g} s", again=True)
    if raised:
        raise raised[0]


def posted(method: str, url: str, headers: Mapping[str, str], payload: Payload) -> None:
    """Send a request and look at its status.

    Raises:
        Failed: it was not accepted.
    """
    import httpx  # noqa: PLC0415 - only who tells somebody pays for it

    logging.getLogger("httpx").setLevel(logging.WARNING)
    times = httpx.Timeout(READ, connect=CONNECT)
    proxied = not is_loopback(urlsplit(url).hostname or "")
    try:
        with (
            httpx.Client(timeout=times, follow_redirects=False, trust_env=proxied) as client,
            client.stream(method, url, headers=dict(headers), json=payload) as answer,
        ):
            judge(answer.status_code)
            size = 0
            for piece in answer.iter_raw():
                size += len(piece)
                if size > MOST:
                    break
    except httpx.TimeoutException as error:
        raise Failed(f"no answer in time ({type(error).__name__})", again=True) from None
    except httpx.HTTPError as error:
        raise Failed(f"no answer: {error}", again=True) from None


def judge(status: int) -> None:
    """Say what a status means.

    Raises:
        Failed: anything but success.
    """
    if status >= ERROR:
        raise Failed(f"HTTP status {status}", again=status >= 500 or status == BUSY)  # noqa: PLR2004
    if status >= REDIRECT or status < 200:  # noqa: PLR2004 - 2xx
        raise Failed(f"HTTP status {status}: redirects are not followed", again=False)
