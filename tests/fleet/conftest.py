"""Fleets of throw-away hosts, over each carrier: what is said of one holds with both."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.fleet.hosts import CARRIERS, Hosts


@pytest.fixture(params=CARRIERS)
def carrier(request: pytest.FixtureRequest) -> str:
    """Each way in which hosts are reached."""
    if request.param == "ansible" and not shutil.which("ansible-playbook"):
        pytest.skip("not run: apt-get install ansible-core, for hosts that Ansible reaches")
    return str(request.param)


@pytest.fixture
def fleet(carrier: str) -> Iterator[Callable[..., Hosts]]:
    """Return what brings a fleet up; it ends with the test."""
    if os.geteuid() or not shutil.which("nsenter"):
        pytest.skip("not run: run as root, with util-linux, for hosts of namespaces")
    up: list[Hosts] = []

    def begin(number: int, **more: object) -> Hosts:
        up.append(Hosts(number, carrier, **more))
        return up[-1]

    yield begin
    for each in up:
        each.__exit__()
