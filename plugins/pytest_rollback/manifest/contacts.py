"""What `rollback.toml` says of people: `[notify]` and its channels, and `[[contacts]]`.

No secret stands in the file: a channel names the environment variable or the private file that
holds its address or its token.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from pytest_rollback.manifest.values import Absolute, Frozen, Name, Seconds

About = Literal["start", "over budget", "failure", "recovery", "call"]
EVERYTHING: tuple[About, ...] = ("start", "over budget", "failure", "recovery", "call")
"""Events of messages: a phase over its budget, the end, the call of a level."""

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def is_loopback(host: str) -> bool:
    """Return whether a host's name means the machine on which it is asked."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def hook(url: str) -> str:
    """Return an address that a token may be sent to.

    Raises:
        ValueError: it is not https (on this machine http will do), or holds a name or a password.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"expected a URL: {error}") from error
    allowed = {"https", "http"} if is_loopback(host) else {"https"}
    if parts.scheme not in allowed or not host:
        raise ValueError("expected https://HOST/..., or http:// on this machine alone")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected no user or password in a URL: use variable or file instead")
    if any(ord(letter) <= ord(" ") for letter in url):
        raise ValueError("expected a URL without spaces and line breaks")
    try:
        local = ipaddress.ip_address(host).is_link_local
    except ValueError:
        local = False
    if local:
        raise ValueError("expected another host: this is a link-local address")
    return url


Address = Annotated[str, AfterValidator(hook)]


class Secret(Frozen):
    """Where a secret is: in one environment variable, or in one file of mode 0600."""

    variable: Variable | None = None
    file: Absolute | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.variable is None) == (self.file is None):
            raise ValueError("expected exactly one of variable and file")
        return self


class Channel(Secret):
    """`[[notify.channels]]`: any service that apprise supports, such as mail, chat or pager."""

    name: Name
    about: tuple[About, ...] = EVERYTHING


class Webhook(Secret):
    """An address that gets requests with a bearer token."""

    url: Address


class Pager(Webhook):
    """`[notify.pager]`: a pager that gets incidents by POST with a bearer token."""

    severity: str = "critical"
    about: tuple[About, ...] = EVERYTHING


class Texts(Frozen):
    """`[notify.status.texts]`: the texts of the status page; empty: no update."""

    start: str = "System maintenance in progress"
    failure: str = ""
    recovery: str = "System restored"


class Status(Webhook):
    """`[notify.status]`: the webhook of a status page."""

    method: Literal["POST", "PUT", "PATCH"] = "POST"
    texts: Texts = Field(default=Texts(), description="the text of each event")


class Notify(Frozen):
    """`[notify]`: the channels for messages about a rollback; `channels = []`: none."""

    channels: tuple[Channel, ...] = ()
    pager: Pager | None = Field(default=None, description="the table below")
    status: Status | None = Field(default=None, description="the table below")

    def listed(self, name: str) -> tuple[Secret, ...]:
        """Return what stands under a name: the tables of an array, one table, or none."""
        found = getattr(self, name)
        return found if isinstance(found, tuple) else (found,) * (found is not None)


class Contact(Frozen):
    """`[[contacts]]`: one level of the escalation chain."""

    level: Annotated[int, Field(ge=1)]
    name: str
    contact: str
    respond: Seconds
    scope: str
    channels: tuple[Name, ...] = ()
