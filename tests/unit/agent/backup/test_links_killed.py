"""A deploy's record of the release behind a link, killed at each step: never a half one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.unit.agent.backup.test_links import Linked

KILLED = """
import json, os, signal, sys
from pytest_rollback.agent.backup import save
from pytest_rollback.agent.backup.strategies import links
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.backup.strategies import LinksRequest
from pytest_rollback.agent.protocol import decode
left = int(sys.argv[3])
def hook(event, _):
    global left  # noqa: PLW0603 - this script is one counter
    if event in {"open", "fcntl.flock"} or event.startswith("os."):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
asked = decode(LinksRequest, json.loads(sys.argv[1]))
request = decode(SaveRequest, json.loads(sys.argv[2]))
sys.addaudithook(hook)
save.save(request._replace(parts={"links": links.record(asked).text}))
"""

STEP = 3
"""Every third step: most of them only read."""


def test_a_kill_at_any_instant_leaves_a_whole_record(tmp_path: Path) -> None:
    """Killed at each event in turn: the earlier record or the new one, and the same call again."""
    point, killed, ends = 0, True, set()
    while killed:
        point += STEP
        shop = Linked(tmp_path / str(point))
        shop.deploy("2")
        saving = shop.saving("2", "3")
        words = [json.dumps(shop.request(current="3")), json.dumps(saving), str(point)]
        done = subprocess.run(
            [sys.executable, "-c", KILLED, *words], check=False, timeout=30, capture_output=True
        )
        assert done.returncode in {0, -signal.SIGKILL}, done.stderr
        killed = done.returncode != 0

        assert (shop.root / "current").readlink().name == "2"
        found = shop.look()
        ends.add(found.place)
        assert (found.place, found.faults) in {
            (str(shop.place("1")), ()),
            (str(shop.place("2")), ()),
        }
        shop.save("2", "3")
        assert (shop.look().place, shop.faults()) == (str(shop.place("2")), [])
    assert point > 20 * STEP
    assert len({Path(each).name for each in ends}) == len({"1", "2"})
