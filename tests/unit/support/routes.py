"""Every question that the agent answers, also those of packages with their own registry."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any

from pytest_rollback import agent
from pytest_rollback.agent import messages, routes
from pytest_rollback.agent.database.messages import ENGINES
from pytest_rollback.agent.database.previous import messages as previous
from pytest_rollback.agent.database.previous.downgrade import messages as downgrade
from pytest_rollback.agent.protocol import Route


def packages() -> list[str]:
    """Return the packages of the agent that have their own registry, such as `database`."""
    found = [each.name for each in pkgutil.iter_modules(agent.__path__) if each.ispkg]
    return [name for name in found if importlib.util.find_spec(f"{agent.__name__}.{name}.routes")]


def answers() -> dict[str, str]:
    """Return where each question is answered, as `module:function`."""
    found = dict(routes.ROUTES)
    for name in packages():
        module = importlib.import_module(f"{agent.__name__}.{name}.routes")
        found.update({f"{name}.{verb}": place for verb, place in module.ROUTES.items()})
    return found


def known() -> list[Route[Any, Any]]:
    """Return every route that a module of messages states.

    A route joins the name of a question with the types of its request and its answer.
    """
    modules: list[ModuleType] = [
        importlib.import_module(each.name)
        for each in pkgutil.walk_packages(messages.__path__, f"{messages.__name__}.")
    ]
    modules += [importlib.import_module(f"{agent.__name__}.{name}.messages") for name in packages()]
    modules += [previous, downgrade]
    found = [each for one in modules for each in vars(one).values() if isinstance(each, Route)]
    return [*found, *(route for engine in ENGINES.values() for route in engine)]
