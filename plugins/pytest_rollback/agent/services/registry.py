"""The service managers there are: a line for each.

Modules are named and not imported: only the one that a system has is loaded. They are sent with
every request about units.
"""

from __future__ import annotations

import importlib
from typing import Dict, NamedTuple, Type

from ..errors import HostError
from ..messages.services.units import ManagerAddress
from .manager import ServiceManager


class RegisteredManager(NamedTuple):
    """What is known of a manager without loading its class.

    `place` is the class, as `module:class`, and `command` the program that it needs. `verifier` is
    a program that checks unit files as `systemd-analyze verify` does. "" stands for none.
    """

    place: str
    command: str = ""
    verifier: str = ""


MANAGERS: Dict[str, RegisteredManager] = {
    "systemd": RegisteredManager(".systemd:Systemd", "systemctl", verifier="systemd-analyze"),
    "supervisord": RegisteredManager(".supervisord:Supervisord"),
    "compose": RegisteredManager(".compose.manager:Compose"),
}


def of(address: ManagerAddress) -> ServiceManager:
    """Return the service manager at an address.

    Raises:
        HostError: there is no such manager.
    """
    if address.name not in MANAGERS:
        raise HostError(
            f"there is no service manager {address.name!r}",
            f"set [services] manager to one of: {', '.join(MANAGERS)}",
        )
    module, _, name = MANAGERS[address.name].place.partition(":")
    kind: Type[ServiceManager] = getattr(importlib.import_module(module, __package__), name)
    return kind(address.socket)
