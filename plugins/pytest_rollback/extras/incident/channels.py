"""How messages reach people: a webhook with a bearer token, or a channel of apprise; one try each.

A try takes ten seconds at most, whatever the server does. Redirects are not followed: they would
send the token to another server. Of a response 64 kB are read, and only its status is kept.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from pytest_rollback.errors import Refused
from pytest_rollback.extras.incident.credentials import pieces, read
from pytest_rollback.extras.incident.messages import Message
from pytest_rollback.manifest.contacts import Channel, Pager, Status, is_loopback
from pytest_rollback.manifest.model import System

if TYPE_CHECKING:
    from apprise import Apprise, NotifyBase

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


class MessageChannel(Protocol):
    """One way to reach people. `name` is what it is called in `rollback.toml`."""

    name: str

    def wants(self, about: str) -> bool:
        """Return whether messages about this go here."""

    def check(self) -> None:
        """Look at everything but the other side.

        Raises:
            Refused: a secret is missing, or an address cannot be used.
        """

    def secrets(self) -> dict[str, str]:
        """Return the secrets of this channel by their names; none where they are missing."""

    def send(self, message: Message) -> None:
        """Try once.

        Raises:
            Failed, Refused: the message was not accepted.
        """


def channels_of(system: System) -> tuple[MessageChannel, ...]:
    """Return the channels by which a system's people are reached."""
    notify = system.notify
    if notify is None:
        return ()
    severity = notify.pager.severity if notify.pager else ""
    pager = [WebhookChannel("pager", notify.pager, severity)] if notify.pager else []
    status = [StatusPage("status", notify.status)] if notify.status else []
    return (*pager, *status, *(AppriseChannel(each) for each in notify.channels))


def secrets_of(system: System) -> dict[str, str]:
    """Return every secret that a system's channels use, so that texts can be redacted."""
    found = [channel.secrets() for channel in channels_of(system)]
    return {name: value for secrets in found for name, value in secrets.items()}


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


class WebhookChannel:
    """An incident by a POST with a bearer token, as the procedure pages."""

    method = "POST"

    def __init__(self, name: str, about: Pager | Status, severity: str = "") -> None:
        self.name, self.about, self.severity = name, about, severity

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

    def payload(self, message: Message) -> dict[str, str | None]:
        """Return what is sent."""
        severity = {"severity": self.severity} if self.severity else {}
        told = {"message": message.title, "details": message.text, "event": message.about}
        facts = asdict(message.facts) if message.facts else {}
        return {**told, **severity, "key": message.key, **facts}

    def send(self, message: Message) -> None:
        """Try once."""
        token, payload = read(self.about), self.payload(message)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": message.key}
        url, method = self.about.url, self.method
        within(WHOLE, lambda: posted(method, url, headers, payload))


class StatusPage(WebhookChannel):
    """The status page: gets the messages that it has a text for."""

    def __init__(self, name: str, about: Status) -> None:
        super().__init__(name, about)
        self.method = about.method
        self.texts = about.texts.model_dump()

    def wants(self, about: str) -> bool:
        """Return whether it has something to say; it takes no test, which everybody would see."""
        return bool(self.texts.get(about))

    def payload(self, message: Message) -> dict[str, str | None]:
        """Return what is sent: users read it, so nothing of ours is in it."""
        return {"status": message.about, "message": self.texts[message.about], "key": message.key}


def posted(
    method: str, url: str, headers: Mapping[str, str], payload: Mapping[str, str | None]
) -> None:
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


class AppriseChannel:
    """A channel of apprise: its address is the secret."""

    def __init__(self, about: Channel) -> None:
        self.name, self.about = about.name, about

    def wants(self, about: str) -> bool:
        """Return whether messages about this go here; a test goes everywhere."""
        return about == "test" or about in self.about.about

    def check(self) -> None:
        """See that the address is there and can be used."""
        self.opened()

    def secrets(self) -> dict[str, str]:
        """Return the address, and all in it that could be a secret of its own."""
        try:
            url = read(self.about)
        except Refused:
            return {}
        parts = enumerate(sorted(pieces(url)), 1)
        return {f"the address of {self.name}": url} | {
            f"the address of {self.name}, part {number}": part for number, part in parts
        }

    def opened(self) -> Apprise:
        """Return what apprise makes of the address.

        Raises:
            Refused: there is no address, apprise is not installed, or it cannot be used.
        """
        url = read(self.about)
        try:
            import apprise  # noqa: PLC0415 - only who uses such a channel needs it
        except ModuleNotFoundError as error:
            raise Refused(
                f"channel {self.name} needs apprise, which is not installed",
                hint="pip install 'pytest-rollback[notify]'",
            ) from error
        quiet()
        hint = "see the URL formats of apprise; the URL has to be https, or of this machine"
        found = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
        if not found.add(url):
            raise Refused(f"apprise does not support the address of channel {self.name}", hint=hint)
        for server in found:
            server.redirects = False
            if is_exposed(server):
                raise Refused(f"the address of channel {self.name} is not encrypted", hint=hint)
        return found

    def send(self, message: Message) -> None:
        """Try once."""
        servers = self.opened()

        def act() -> None:
            if not servers.notify(title=message.title, body=message.text):
                raise Failed("the service did not accept the message", again=True)

        within(WHOLE, act)


def quiet() -> None:
    """Keep addresses out of the logs: their path can be a secret."""
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def is_exposed(server: NotifyBase) -> bool:
    """Return whether what is sent can be read on its way to another machine."""
    schema, safe = server.schema, server.secure_protocol or ()
    is_safe = schema in ((safe,) if isinstance(safe, str) else safe)
    return not is_safe and bool(server.host) and not is_loopback(str(server.host))
