"""Units under a real systemd: as derived from their files, so they run, by /proc of a machine."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.extras.sandbox.machine.image import Image
from pytest_rollback.extras.sandbox.machine.podman import Container
from tests.plugin.operator import REPOSITORY

AGENT = REPOSITORY / "plugins/pytest_rollback/agent"
SCRIPT = Path(__file__).with_name("live_units.py")
WAIT = "/usr/bin/python3 /srv/units/wait.py"
LINES: dict[str, str] = {
    "u-plain": f"ExecStart={WAIT}",
    "u-words": f'ExecStart={WAIT} "a b" \'c "d"\' e\\x20f h\\si',
    "u-middle": f'ExecStart={WAIT} --name="a b"',
    "u-lines": f"ExecStart={WAIT} \\\n# said\n  a \\\n; said\n  b",
    "u-percent": f"ExecStart={WAIT} %%n %n %N %p %t %j",
    "u-prefix": f"ExecStartPre=-/bin/false\nExecStart=-{WAIT}",
    "u-reset": f"ExecStart=/bin/false\nExecStart=\nExecStart={WAIT}",
    "u-user": f"ExecStart={WAIT}\nUser=nobody",
    "u-number": f"ExecStart={WAIT}\nUser=65534",
    "u-group": f"ExecStart={WAIT}\nUser=nobody\nGroup=daemon",
    "u-groups": f"ExecStart={WAIT}\nUser=nobody\nSupplementaryGroups=mail tty",
    "u-directory": f"ExecStart={WAIT}\nWorkingDirectory=/srv/units",
    "u-home": f"ExecStart={WAIT}\nUser=daemon\nWorkingDirectory=~",
    "u-optional": f"ExecStart={WAIT}\nWorkingDirectory=-/srv/units",
    "u-specified": f"ExecStart={WAIT}\nWorkingDirectory=/srv/%p",
    "u-env": f'ExecStart={WAIT}\nEnvironment=A=1 "B=x y" C="d e"\nEnvironment=A=2',
    "u-env-reset": f"ExecStart={WAIT}\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2",
    "u-env-name": f"ExecStart={WAIT}\nEnvironment=NAME=%N HOST=%H",
    "u-files": f"ExecStart={WAIT}\nEnvironment=A=unit\nEnvironmentFile=/srv/units/a.env\n"
    "EnvironmentFile=/srv/units/b.env\nEnvironmentFile=-/srv/units/none.env",
    "u-glob": f"ExecStart={WAIT}\nEnvironmentFile=/srv/units/*.env",
    "u-forms": f"ExecStart={WAIT}\nEnvironmentFile=/srv/units/forms",
    "u-unset": f"ExecStart={WAIT}\nEnvironment=A=1 B=2\nUnsetEnvironment=A",
    "u-path": f"ExecStart={WAIT}\nEnvironment=PATH=/bin",
    "u-search": "ExecStart=python3 /srv/units/wait.py",
    "u-shebang": "ExecStart=/srv/units/script",
    "u-env-s": f"ExecStart=/usr/bin/env {WAIT}",
    "u-shell": f'ExecStart=/bin/sh -c "exec {WAIT}"',
    "u-sections": f"User=nobody\n[Unit]\nDescription=x\n[Service]\nExecStart={WAIT}",
    "u-ignored": f"ExecStart={WAIT}\nwords\nFoo=1\nMemoryLimit=1G",
    "u-indented": f"  ExecStart={WAIT}\n  User=nobody",
    "u-log": f"ExecStart={WAIT}\nStandardOutput=append:/srv/units/%N.log",
    "u-oneshot": f"Type=exec\nExecStart={WAIT}",
}
FILES: dict[str, str] = {
    **{f"{name}.service": f"[Service]\n{text}\n" for name, text in LINES.items()},
    "t-web@.service": f"[Service]\nExecStart={WAIT} %i %I\nWorkingDirectory=/srv/%i\n",
    "t-web@units.service.d/more.conf": "[Service]\nEnvironment=ONLY=%i\n",
    "t-web@.service.d/all.conf": "[Service]\nEnvironment=ALL=1 ONLY=0\n",
    "d-one.service": f"[Service]\nExecStart={WAIT} old\nUser=daemon\nEnvironment=A=1\n",
    "d-one.service.d/20-b.conf": f"[Service]\nExecStart=\nExecStart={WAIT} new\n",
    "d-one.service.d/10-a.conf": "[Service]\nUser=nobody\nEnvironment=A=2\n",
    "/run/systemd/system/d-one.service.d/15-c.conf": "[Service]\nEnvironment=A=3 B=3\n",
    "d-two.service": f"[Service]\nExecStart={WAIT}\n",
    "d-.service.d/prefix.conf": "[Service]\nEnvironment=PREFIX=1\n",
    "/run/systemd/system/d-.service.d/prefix.conf": "[Service]\nEnvironment=PREFIX=hidden\n",
    "/usr/lib/systemd/system/d-two.service.d/z.conf": "[Service]\nEnvironment=Z=1\n",
    "/srv/units/wait.py": "import time\ntime.sleep(600)\n",
    "/srv/units/script": "#!/usr/bin/python3\nimport time\ntime.sleep(600)\n",
    "/srv/units/a.env": "A=a\nB='x\ny'\n",
    "/srv/units/b.env": "# said\nA=b # c\nexport C=1\n",
    "/srv/units/forms": 'J=-Xmx1g \\\n  -Dx=y\nK="x y"\'z\'\nL="x"/bin\nM=a\\tb\nN=it\'s\nO =1 \n',
    "/srv/u-specified/none": "",
    "/srv/u\\x2dspecified/none": "",
}
UNITS = [*LINES, "t-web@units", "t-web@u\\x2dspecified", "d-one", "d-two"]
WRAPPED = ("u-env-s", "u-shell", "u-shebang", "u-search")
"""Units whose process has other words than their files."""


@pytest.fixture(scope="module")
def told(engine: None) -> Any:  # noqa: ANN401, ARG001 - JSON; the engine comes first
    """What a machine says of every unit."""
    machine = Container(f"rollback-units-{secrets.token_hex(4)}")
    try:
        machine.start(Image(REPOSITORY / "fixtures/village").built(print))
        machine.run("sh", "-c", "systemctl is-system-running --wait || true", timeout=180.0)
        machine.run("mkdir", "-p", "/srv/told")
        machine.run("tar", "-xf", "-", "-C", "/srv/told", data=packed(FILES))
        words = ("python3", "/srv/told/run.py", "/srv/told", "/srv/told/units.json")
        return json.loads(machine.run(*words, timeout=120.0).strip().split("\n")[-1])
    finally:
        machine.end()


def packed(files: dict[str, str]) -> bytes:
    """Return the agent, the script and the units as an archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(AGENT, "agent")
        archive.add(SCRIPT, "run.py")
        text = json.dumps({"files": files, "units": UNITS}).encode()
        entry = tarfile.TarInfo("units.json")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return out.getvalue()


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_as_derived(told: dict[str, Any], unit: str) -> None:
    """User, directory, environment, files and program equal those of the process."""
    found = told[unit]

    assert found["gaps"] == []
    assert found["missing"] == []
    assert found["files"] == found["loaded"]
    if unit not in WRAPPED:
        assert found["argv"] == found["main"]
    assert found["argv"][0] in (found["interpreter"], "python3")


def test_groups_are_those_that_are_named(told: dict[str, Any]) -> None:
    """The unit's own group comes first; the others are added."""
    assert told["u-group"]["groups"][0] == 1
    assert set(told["u-groups"]["groups"]) >= {8, 5}
