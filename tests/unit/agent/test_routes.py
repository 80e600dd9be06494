"""Each route joins the types of one function: what travels is what both sides name."""

import json
from typing import Any, Dict, NamedTuple, Tuple, get_type_hints  # noqa: UP035

import pytest

from pytest_rollback.agent import protocol, routes
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.restore import RestoreRequest
from pytest_rollback.agent.protocol import Route
from tests.unit.support.requests import selected
from tests.unit.support.routes import answers
from tests.unit.support.routes import known as routes_known

KNOWN = routes_known()
NAMES = [route.name for route in KNOWN]


class Pair(NamedTuple):
    """Two numbers in one field."""

    two: Tuple[int, int]  # noqa: UP006 - as the agent writes it


class Counted(NamedTuple):
    """Numbers by name."""

    numbers: Dict[str, int]  # noqa: UP006


@pytest.mark.parametrize("route", KNOWN, ids=NAMES)
def test_a_function_answers_its_route(route: Route[Any, Any]) -> None:
    """Its parameter is the request's type, what it returns the answer's."""
    function = routes.found(route.name)
    hints = get_type_hints(function)
    returned = hints.pop("return")

    assert (list(hints.values()), returned) == ([route.request], route.answer)


def test_no_name_stands_for_two_routes() -> None:
    """Each name is stated once, and what the agent answers is stated."""
    assert sorted(NAMES) == sorted(answers())


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
    [("part", 7), ("without", "a.py"), ("without", [None]), ("selection", []), ("location", {})],
)
def test_what_is_of_another_type_is_refused(field: str, value: object) -> None:
    """Two versions that do not know each other's fields say so, and nothing is done."""
    request = RestoreRequest(Location("/srv", "/var", ".backup"), selected())
    sent = [value if each == field else getattr(request, each) for each in request._fields]

    with pytest.raises(HostError, match="RestoreRequest does not match its definition") as refused:
        protocol.decode(RestoreRequest, json.loads(json.dumps(sent)))
    assert "one version" in refused.value.hint


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Location, ["/", "s", ".b", 7, None, []], "7 where str is expected"),
        (Location, {"root": "/"}, "needs the fields root, state, suffix, run"),
        (Pair, [[1, 2, 3]], "3 items where 2 are expected"),
        (Pair, [{"one": 1}], "an array is expected"),
        (Counted, [["not", "named"]], "list where"),
    ],
)
def test_what_has_another_shape_is_refused(kind: Any, value: object, said: str) -> None:  # noqa: ANN401
    """Both sides would understand something else: one message, and what to do."""
    with pytest.raises(HostError, match=said) as caught:
        protocol.decode(kind, value)

    assert caught.value.hint == "use one version of pytest-rollback on both sides"
