"""`[fleet]`: what is read in two ways, or lets nothing be proven, is refused with its key."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pytest_rollback.manifest.fleet import Fleet


@pytest.mark.parametrize(
    "table",
    [
        {"hosts": ["web1.example"]},
        {"hosts": ["deploy@192.0.2.1:2222", "web2"], "batches": [1, "100%"], "quorum": "0%"},
        {"inventory": "hosts.yml", "hosts": "web:!old"},
        {"inventory": "hosts.yml"},
        {"inventory": "hosts.yml", "carrier": "ansible"},
        {"hosts": ["a"], "drain": ["lb", "{host}"], "undrain": ["lb", "-r", "{host}"]},
    ],
)
def test_what_describes_a_fleet_is_taken(table: dict[str, object]) -> None:
    """Numbers and shares, a list or a pattern."""
    assert Fleet.model_validate(_frozen(table)).parallel == 8


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"hosts": "web"}, "inventory with a pattern"),
        ({"hosts": ["a"], "inventory": "hosts.yml"}, "inventory with a pattern"),
        ({"hosts": ["-oProxyCommand=x"]}, "hosts"),
        ({"hosts": ["a b"]}, "hosts"),
        ({"hosts": ["a"], "carrier": "ansible"}, "needs inventory"),
        ({"inventory": "hosts.yml", "carrier": "salt"}, "carrier"),
        ({"hosts": ["a"], "drain": ["lb"]}, "no host is left drained"),
        ({"hosts": ["a"], "batches": [0]}, "batches"),
        ({"hosts": ["a"], "batches": ["0%"]}, "batches"),
        ({"hosts": ["a"], "batches": ["101%"]}, "batches"),
        ({"hosts": ["a"], "batches": [True]}, "batches"),
        ({"hosts": ["a"], "batches": []}, "batches"),
        ({"hosts": ["a"], "quorum": -1}, "quorum"),
        ({"hosts": ["a"], "unreachable": "ignore"}, "unreachable"),
        ({"hosts": ["a"], "canery": "a"}, "canery"),
    ],
)
def test_what_does_not_is_refused(table: dict[str, object], said: str) -> None:
    """An address that is an option of ssh, a batch of nobody, a share of more than all."""
    with pytest.raises(ValidationError, match=said):
        Fleet.model_validate(_frozen(table))


def _frozen(table: dict[str, object]) -> dict[str, object]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
