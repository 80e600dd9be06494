"""How messages reach people: what a channel has to do, and those there are; one try each."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from pytest_rollback.errors import Refused
from pytest_rollback.extras.incident.credentials import pieces, read
from pytest_rollback.extras.incident.messages import Message
from pytest_rollback.extras.incident.webhooks import (
    WHOLE,
    Failed,
    PagerChannel,
    StatusPage,
    within,
)
from pytest_rollback.manifest.contacts import Channel, is_loopback
from pytest_rollback.manifest.model import System

if TYPE_CHECKING:
    from apprise import Apprise, NotifyBase


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


CHANNELS: dict[str, Callable[[Any], MessageChannel]] = {
    "pager": PagerChannel,
    "status": StatusPage,
    "channels": AppriseChannel,
}
"""What is made of a table of `[notify]`, by its name; messages go out in this order."""


def channels_of(system: System) -> tuple[MessageChannel, ...]:
    """Return the channels by which a system's people are reached."""
    if system.notify is None:
        return ()
    tables = ((make, system.notify.listed(name)) for name, make in CHANNELS.items())
    return tuple(make(each) for make, listed in tables for each in listed)


def secrets_of(system: System) -> dict[str, str]:
    """Return every secret that a system's channels use, so that texts can be redacted."""
    found = [channel.secrets() for channel in channels_of(system)]
    return {name: value for secrets in found for name, value in secrets.items()}
