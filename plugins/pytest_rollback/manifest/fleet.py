"""`[fleet]`: the hosts of a fleet, in which batches they are rolled back, and when that stops.

Shares such as `"25%"` are of all hosts of the plan, never of those that are left.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pytest_rollback.manifest.values import Day, Frozen, Seconds

SHARE_OF_HOSTS = r"^([1-9]?\d|100)%$"

Some = Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=r"^([1-9]\d?|100)%$")]
"""How many hosts: a number, or a share of all; at least one."""

AtLeast = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=SHARE_OF_HOSTS)]
"""The same, or none."""

HostName = Annotated[str, Field(pattern=r"^[^-\s@/?][^\s@/?]*$")]
Address = Annotated[str, Field(pattern=r"^([^-\s@/?][^\s@/?]*@)?[^-\s@/?][^\s@/?]*$")]
"""`host`, `user@host` or `user@host:port`; one that begins with "-" would be an option of ssh."""

RuntimeApi = Annotated[str, Field(pattern=r"^(/\S+|[^/\s:]+:\d{1,5})$")]
"""Where HAProxy's runtime API listens: a Unix socket by its whole path, or `host:port`."""

Words = tuple[Annotated[str, Field(min_length=1)], ...]


Once = Literal["messages", "page", "database"]
"""What can happen once for a whole fleet."""


class Accepted(Frozen):
    """`[fleet.mixed.schema]`, `[fleet.mixed.sessions]`: who says so, why, and until which day."""

    owner: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]
    until: Day


class Mixed(Frozen):
    """`[fleet.mixed]`: what both releases accept, which serve at once while a fleet rolls."""

    schema_: Accepted | None = Field(default=None, alias="schema", description="the table below")
    sessions: Accepted | None = Field(default=None, description="the table below")


class Fleet(Frozen):
    """`[fleet]`: a system on many hosts, which are rolled back in batches.

    `hosts` are a pattern of Ansible for the hosts of `inventory`, or a list of addresses. They are
    reached by OpenSSH, or with `carrier = "ansible"` as Ansible reaches them.
    Before them is HAProxy, asked at `balancer` about the servers of `backend`, or whatever the
    commands `drain`, `undrain` and `serving` reach: words, run where pytest runs and without a
    shell; `{host}` in a word is the name of the host.
    """

    inventory: str = ""
    hosts: Annotated[str, Field(min_length=1)] | tuple[Address, ...] = "all"
    carrier: Literal["ssh", "ansible"] = "ssh"
    canary: HostName | None = None
    batches: Annotated[tuple[Some, ...], Field(min_length=1)] = (1, "25%")
    quorum: AtLeast = "50%"
    max_failed: Annotated[int, Field(ge=0)] = 0
    unreachable: Literal["stop", "skip"] = "stop"
    parallel: Annotated[int, Field(ge=1, le=64)] = 8
    soak: Seconds | None = None
    balancer: RuntimeApi | None = None
    backend: Annotated[str, Field(pattern=r"^[\w.:-]+$")] | None = None
    drain: Words = ()
    undrain: Words = ()
    serving: Words = ()
    timeout: Seconds = 60.0
    once: tuple[Once, ...] = ()
    mixed: Mixed = Field(default=Mixed(), description="the tables below")

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Fleet:
        """Refuse what would be read in two ways, and a drain without its way back."""
        if isinstance(self.hosts, str) != bool(self.inventory):
            raise ValueError(
                "expected inventory with a pattern in hosts, or a list of addresses in hosts"
            )
        if self.carrier == "ansible" and not self.inventory:
            raise ValueError(
                'carrier = "ansible" needs inventory: the file that says how hosts are reached'
            )
        if bool(self.balancer) != bool(self.backend):
            raise ValueError("balancer and backend go together: the servers of one backend")
        if self.balancer and (self.drain or self.undrain or self.serving):
            raise ValueError(
                "drain, undrain and serving are commands for another balancer than that in balancer"
            )
        if bool(self.drain) != bool(self.undrain):
            raise ValueError("drain and undrain go together: no host is left drained")
        return self
