"""A log that its writer made a link, another name, a fifo or a mere handle of root's file."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.logs import ComponentLog, LogsRequest
from pytest_rollback.agent.observe.logs import inspection, offsets, written

HIS = pwd.getpwnam("nobody")
LINE = "ERROR root:$6$planted"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root reads what he may not")


@pytest.fixture
def secret(open_place: Path) -> Path:
    """A file that root alone may read, beside his directory."""
    path = open_place / "shadow"
    path.write_text(f"{LINE}\n")
    path.chmod(0o600)
    (open_place / "his").mkdir()
    os.chown(open_place / "his", HIS.pw_uid, HIS.pw_gid)
    return path


@pytest.mark.parametrize("way", ["link", "name", "rotated"])
def test_a_file_of_root_is_not_reported(secret: Path, way: str) -> None:
    """Its lines get into no finding; the message names him, and what he did."""
    log = secret.parent / "his/web.log"
    made = log.with_name("web.log.1") if way == "rotated" else log
    if way == "name":
        made.hardlink_to(secret)
    else:
        made.symlink_to(secret)
        os.chown(made, HIS.pw_uid, HIS.pw_gid, follow_symlinks=False)
    if way == "rotated":
        log.write_text("all is well\n")
    asked = ComponentLog("web", "web", (str(log),), time.time() - 60)
    found = inspection.look(LogsRequest((asked,), "ERROR", (), 60.0, 5.0))

    assert LINE not in repr(found)
    said = "is not a regular file" if way == "rotated" else "leads to what nobody may not read"
    assert said in found.components["web"].problem


def test_a_handle_of_a_file_is_no_log(secret: Path) -> None:
    """A process may have a handle of what it may not read; we do not read it for it."""
    code = "import os,sys; os.open(sys.argv[1], os.O_PATH); print('x', flush=True); input()"
    argv = ["setpriv", "--reuid", "nobody", "--", "/usr/bin/python3", "-c", code, str(secret)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        places = Path(f"/proc/{process.pid}/fd").iterdir()
        (held,) = [each for each in places if each.readlink() == secret]
        with pytest.raises(OSError, match="may write or read"):
            offsets.opened(str(held))
        process.kill()


def test_a_log_that_root_opened_for_him_is_read(secret: Path) -> None:
    """A file that his manager opened for him to write is a log, whoever owns it."""
    code = "input()"
    with secret.open("a") as file:
        argv = ["setpriv", "--reuid", "nobody", "--", sys.executable, "-c", code]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=file) as process:
            with offsets.opened(f"/proc/{process.pid}/fd/1") as log:
                said = log.read()
            process.kill()

    assert said.decode().startswith("ERROR")


def test_a_fifo_in_the_place_of_a_log_is_not_waited_for(secret: Path) -> None:
    """He may exchange a file for a fifo between two looks at it."""
    log = secret.parent / "his/web.log"
    os.mkfifo(log)

    with pytest.raises(OSError, match="is not a regular file"):
        written.is_text(str(log))
