"""Each route joins the types of one function: what travels is what both sides name."""

from __future__ import annotations

import importlib
import json
import pkgutil
from typing import Any, get_type_hints

import pytest

from pytest_rollback.agent import messages, protocol, routes
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup import BackupsRequest
from pytest_rollback.agent.messages.location import Location, Selection
from pytest_rollback.agent.protocol import Route

MODULES = [
    importlib.import_module(f"{messages.__name__}.{each.name}")
    for each in pkgutil.iter_modules(messages.__path__)
]
KNOWN: list[Route[Any, Any]] = [
    value for module in MODULES for value in vars(module).values() if isinstance(value, Route)
]
NAMES = [route.name for route in KNOWN]


@pytest.mark.parametrize("route", KNOWN, ids=NAMES)
def test_a_function_answers_its_route(route: Route[Any, Any]) -> None:
    """Its parameter is the request's type, what it returns the answer's."""
    function = routes.found(route.name)
    hints = get_type_hints(function)
    returned = hints.pop("return")

    assert (list(hints.values()), returned) == ([route.request], route.answer)


def test_no_name_stands_for_two_routes() -> None:
    """Each name is stated once, and known to the agent."""
    assert sorted(NAMES) == sorted(set(NAMES))
    assert set(NAMES) <= set(routes.ROUTES)


@pytest.mark.parametrize("route", KNOWN, ids=NAMES)
def test_every_field_can_be_checked_where_it_arrives(route: Route[Any, Any]) -> None:
    """Both types are named tuples of what JSON can carry: made up ones come back the same."""
    for kind in (route.request, route.answer):
        sample = made_up(kind)

        assert protocol.decode(kind, json.loads(json.dumps(sample))) == sample


def made_up(kind: Any) -> Any:  # noqa: ANN401 - a type, and a value of it
    """Return a value of a type with something in each of its fields."""
    plain: dict[Any, Any] = {str: "x", int: 7, bool: True, float: 1.5}
    if kind in plain:
        return plain[kind]
    if hasattr(kind, "_fields"):
        return kind(*map(made_up, kind.__annotations__.values()))
    inner = kind.__args__
    if kind.__origin__ is dict:
        return {"key": made_up(inner[1])}
    if kind.__origin__ is tuple:
        return tuple(made_up(each) for each in inner if each is not Ellipsis)
    return made_up(inner[0])


@pytest.mark.parametrize(
    ("field", "value"),
    [("user", 7), ("selection", []), ("location", {}), ("location", ["/srv", "/var", ".b"])],
)
def test_what_is_of_another_type_is_refused(field: str, value: object) -> None:
    """Two versions that do not know each other's fields say so, and nothing is done."""
    request = BackupsRequest(Location("/srv", "/var", ".backup"), Selection(()))
    sent = [value if each == field else getattr(request, each) for each in request._fields]

    with pytest.raises(HostError, match="BackupsRequest is not as both sides know it") as refused:
        protocol.decode(BackupsRequest, json.loads(json.dumps(sent)))
    assert "one version" in refused.value.hint
