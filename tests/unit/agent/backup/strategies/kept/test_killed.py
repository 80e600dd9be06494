"""Backups in the state directory, killed at each step: there is always a way back, and forth."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.backup.sets import ChoiceRequest
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import backup_set, runs
from tests.unit.agent.backup.strategies.kept.shop import FIRST, SECOND, Shop
from tests.unit.support import requests

KILLED = """
import importlib, json, os, signal, sys
from pytest_rollback.agent.protocol import decode
left = int(sys.argv[3])
def hook(event, _):
    global left
    if event in {"open", "fcntl.flock"} or event.startswith("os."):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
module, function, kind = sys.argv[1].split(":")
call = getattr(importlib.import_module(f"pytest_rollback.agent.{module}"), function)
place, name = kind.rsplit(".", 1)
kind = getattr(importlib.import_module(f"pytest_rollback.agent.messages.{place}"), name)
request = decode(kind, json.loads(sys.argv[2]))
sys.addaudithook(hook)
call(request)
"""


STEP = 7
"""Every seventh step: most of them only read."""


SAVE = "backup.save:save:backup.save.SaveRequest"
CHOOSE = "backup.strategies.kept:choose:backup.sets.ChoiceRequest"
RESTORE = "restore.apply:apply:restore.RestoreRequest"
UNDO = "rollback.undo:undo:rollback.undo.UndoRequest"


def killed(call: str, request: object, point: int) -> bool:
    """Make a call in a process that is killed at a step; tell whether it came so far."""
    words = [sys.executable, "-c", KILLED, call, json.dumps(request), str(point)]
    done = subprocess.run(words, check=False, timeout=30, capture_output=True)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode != 0


@pytest.mark.parametrize("call", [SAVE, CHOOSE])
def test_a_kill_at_any_instant_leaves_a_way_back(tmp_path: Path, call: str) -> None:
    """The earlier set or the new one, whole; the same call ends it."""
    point, more, seen = 0, True, set()
    while more:
        point += STEP
        shop = Shop(tmp_path / str(point))
        shop.deploy("2")
        if call == CHOOSE:
            shop.deploy("3")
        chosen = ChoiceRequest(shop.location(), "1")
        more = killed(call, chosen if call == CHOOSE else shop.saving("3"), point)

        assert shop.faults() == {}
        seen.add(backup_set.read(str(shop.state)).previous.name)
        if call == CHOOSE:
            shop.choose("1")
        else:
            shop.deploy("3")
        assert shop.faults() == {}
        shop.back()
        assert shop.files() == (FIRST if call == CHOOSE else SECOND)
        shutil.rmtree(tmp_path / str(point))
    assert point > 20 * STEP
    assert seen == {"1", "2"}


@pytest.mark.parametrize("call", [RESTORE, UNDO])
def test_a_kill_while_directories_are_made_or_taken_away(tmp_path: Path, call: str) -> None:
    """The same call goes on to the same end, and undo takes all of it back."""
    point, more = 0, True
    while more:
        point += STEP
        shop = Shop(tmp_path / str(point))
        shop.deploy("2")
        runs.begin(requests.begin(shop.state))
        request = requests.restore(shop.location("r1"))
        request = request._replace(digest=apply.look(request).digest)
        if call == RESTORE:
            more = killed(call, request, point)
            apply.apply(request)
            assert "lib/a/x.js" in shop.files()
        else:
            apply.apply(request)
            more = killed(call, requests.undo(shop.location("r1")), point)
        undo.undo(requests.undo(shop.location("r1")))
        assert shop.files() == SECOND
        assert not (shop.root / "lib").exists()
        shutil.rmtree(tmp_path / str(point))
    assert point > 20 * STEP
