"""What a runbook names is found with its line, its drift is told, and each known trap is."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.errors import Inconclusive
from pytest_rollback.extras.runbook.drift import Drift, deadline, drifted, questions
from pytest_rollback.extras.runbook.pitfalls import traps
from pytest_rollback.extras.runbook.references import claims, names, read
from pytest_rollback.extras.runbook.shell import commands
from pytest_rollback.manifest.load import load, parse
from pytest_rollback.manifest.model import System
from pytest_rollback.transport.connection import Connection

REPOSITORY = Path(__file__).parents[4]
PROCEDURE = REPOSITORY.parent / "shared/procedure.md"
TRAPS = r"""
- System performance degraded >50% from baseline
echo "System maintenance in progress" > /var/www/html/maintenance.html
find . -name "*.backup" -exec sh -c 'mv "$1" "${1%.backup}"' _ {} \;
find . -name "*.backup" | wc -l  # Should show 0 if all restored
rm -rf packages/core/legacy/error_handling.py
cp config/systemd/*.backup /etc/systemd/system/
curl -f http://localhost:8000/health || echo "Gateway health check failed"
python -c "
time curl -f http://localhost:8000/health
- ✅ No error logs in past 5 minutes
git checkout HEAD~1 -- core/gateway/server.py
git checkout HEAD~1 -- core/p2p/mesh_protocol.py
cp config/defaults/* config/
systemctl start aivillage-*
find . -name "__pycache__" -exec rm -rf {} +
find . -name "*.pyc" -delete
systemctl restart aivillage-*
pg_restore -d aivillage /backups/aivillage_backup.sql
""".strip().splitlines()
"""The lines of the procedure that do not do what they seem to: the rows of design.md."""

REST = """- Performance issues <25% degradation from baseline
cp core/gateway/server.py.backup core/gateway/server.py
cp config/.env.backup config/.env
systemctl status aivillage-*
systemctl start aivillage-gateway
systemctl daemon-reload
nginx -s reload
curl -X POST http://localhost:8000/api/query -d '{}'
pg_restore -d aivillage /backups/aivillage.dump
""".splitlines()
"""Lines of it, or like it, that do."""


def copied() -> str:
    """Return a page of those lines: prose outside of blocks, commands each in one."""
    lines = []
    for line in (*TRAPS, *REST):
        more = (
            "import time\nprint(time.perf_counter())\n" + '"' if line.startswith("python") else ""
        )
        lines += [line] if line.startswith("- ") else ["```bash", line, *more.splitlines(), "```"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def shipped() -> System:
    """The system that the procedure is about."""
    return load(REPOSITORY / "rollback.toml").system


def trapped(page: str, system: System) -> list[str]:
    """Return the lines of a page in which there is a trap."""
    lines = page.splitlines()
    return [lines[each.line - 1].strip() for each in traps(page, system)]


def test_the_traps_of_the_procedure_are_found(shipped: System) -> None:
    """Each known one is told with its line and what to do instead; nothing else is."""
    page = copied()
    told = [each.words for each in traps(page, shipped)]

    assert trapped(page, shipped) == TRAPS
    assert all(words.startswith("line ") and "; instead: " in words for words in told)
    assert "so the cp of line" in next(words for words in told if "this find moves" in words)


@pytest.mark.skipif(not PROCEDURE.exists(), reason="the procedure itself is not here")
def test_the_procedure_itself_has_exactly_these(shipped: System) -> None:
    """The same lines in the page that they were copied from."""
    assert trapped(PROCEDURE.read_text("utf-8"), shipped) == TRAPS


@pytest.mark.parametrize(
    "lines",
    [
        "find . -name '*.log' -exec mv {} /tmp/ ;",
        "cp config/systemd/x.service /etc/systemd/system/",
        "curl -f http://localhost/ || exit 1",
        "pg_restore -d shop /backups/shop.dump",
        "echo soon > /srv/maintenance.html\ncurl http://localhost/\nrm /srv/maintenance.html",
        "systemctl start shop-web shop-till",
        "git checkout v1.2 -- core/x.py",
        "cp config/defaults/one.json config/one.json",
        "find . -name __pycache__ -print",
        "rm notes.txt",
        "python -c 'import time; assert time.perf_counter() < 9'",
        "# systemctl start shop-*",
    ],
)
def test_what_is_right_is_no_trap(shipped: System, lines: str) -> None:
    """A lint that cries at everything is not read."""
    assert traps(f"```sh\n{lines}\n```", shipped) == []


def test_a_url_that_cannot_be_asked_is_one_line_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    """A port that is a placeholder, one that is too high, an address without its bracket."""
    page = (
        "```sh\ncurl http://shop.example.org:PORT/health\ncurl http://h:99999/\n"
        "curl 'http://[::1/'\nls\n```\n"
    )
    told = looked(page, host(tmp_path))

    assert [line.partition(":")[0] for line in told.missing] == ["line 2", "line 3", "line 4"]


def test_commands_are_told_apart() -> None:
    """Comments, quotes over lines, continued lines, operators, here documents, other languages."""
    page = (
        "text\n```sh\nsudo A=1 cp 'a b' c  # no\ncurl -H x \\\n  http://h/ 2>&1 | wc -l || true\n"
        "cat <<EOF > f/g\nrm x\nEOF\necho 'one\ntwo'\nls\n```\n```json\n{}\n```\n~~~console\n"
        "$ id\n~~~\n"
    )
    told = [(each.line, each.program, each.after, each.writes) for each in commands(page)]

    assert told == [
        (3, "cp", "", ()),
        (4, "curl", "", ()),
        (4, "wc", "|", ()),
        (4, "true", "||", ()),
        (6, "cat", "", ("f/g",)),
        (9, "echo", "", ()),
        (11, "ls", "", ()),
        (17, "id", "", ()),
    ]
    assert commands("no blocks") == []
    assert [each.program for each in commands("```sh\necho 'open\n")] == ["echo"]


def test_what_a_page_names_is_found(shipped: System) -> None:
    """Each thing once, with its first line; saved copies stand for their files."""
    page = (
        "```bash\ncp a/b.py.backup a/b.py\nsystemctl stop x.service y-*\npython scripts/go.py\n"
        "curl -H 'Referer: http://no/' -d '{}' https://me:pw@h.example/x\n"
        "python -c 'import sys; from core.x import y'\ncd /opt\nls $HOME/x\n./run.sh\n```\n"
        "```python\nimport core.z\n```\n"
    )
    found = claims(page, shipped)

    assert names(found, "unit") == ["x"]
    assert names(found, "path") == ["a/b.py", "/opt"]
    assert names(found, "folder") == ["a"]
    assert names(found, "script") == ["scripts/go.py", "./run.sh"]
    assert names(found, "url") == ["POST https://h.example/x"]
    assert names(found, "import") == ["core.x:y", "core.z"]
    assert names(found, "command") == ["cp", "systemctl", "python", "curl", "ls"]
    assert {claim.line for claim in found if claim.kind == "import"} == {6, 12}


def test_a_post_that_is_no_probe_is_not_sent(shipped: System) -> None:
    """Readiness changes nothing: only who listens is looked at."""
    page = "```\ncurl -X POST http://localhost:8000/wipe\ncurl http://localhost:8000/health\n```"
    asked = questions(claims(page, shipped), shipped)

    assert asked["POST http://localhost:8000/wipe"].request.probe == ProbeSpec(
        tcp="localhost:8000", timeout=3.0
    )
    assert asked["GET http://localhost:8000/health"].request.probe.reject == "degraded"


def host(root: Path) -> System:
    """Return a system here, whose service manager does not answer."""
    document = {
        "system": {"name": "shop", "root": str(root), "state": f"{root}-state"},
        "target": {"name": "here", "connection": "local://"},
        "services": {"manager": "supervisord", "socket": f"{root}/no.sock"},
        "components": [
            {"name": "web", "unit": "web", "health": "web", "interpreter": sys.executable}
        ],
        "probes": {"web": {"command": ["true"]}},
    }
    return parse(document, "here")


def looked(page: str, system: System, *homes: Path) -> Drift:
    """Return what this machine says of a page."""
    found = claims(page, system)
    asked = questions(found, system)
    connection = Connection(system)
    answers = connection.ask_all(list(asked.values()), deadline=deadline(found))
    assert connection.trips == 1
    return drifted(found, asked, answers, system, homes)


def test_drift_is_told_with_its_line(tmp_path: Path) -> None:
    """Asked of this machine in one round trip: what is there is true, what is not is told."""
    root, home = tmp_path / "srv", tmp_path / "home"
    (root / "core").mkdir(parents=True)
    (root / "core/there.py").write_text("here = 1\n")
    (home / "scripts").mkdir(parents=True)
    (home / "scripts/ours.py").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        lines = [
            "cat core/there.py core/gone.py",
            "cp core/there.py.backup gone/there.py",
            f"sh -c true; no-such-command; curl -d x http://127.0.0.1:{port}/",
            "curl http://127.0.0.1:1/health?token=t0p",
            "python3 scripts/ours.py; python3 scripts/theirs.py",
            "python3 -c 'from core.there import here'",
            "python3 -c 'from core.there import gone'",
            "systemctl stop web",
        ]
        drift = looked("\n".join(["```sh", *lines, "```"]), host(root), home)

    tools = ("command curl", "command systemctl")  # a machine may have them, or not
    missing = [line for line in drift.missing if not any(tool in line for tool in tools)]
    assert [line[: line.index(": ", 8)] for line in missing] == [
        "line 2: path core/gone.py",
        "line 3: folder gone",
        "line 4: command no-such-command",
        "line 5: url GET http://127.0.0.1:1/health",
        "line 6: script scripts/theirs.py",
        "line 8: import core.there:gone",
    ]
    assert [line.split(": ")[:2] for line in drift.unknown] == [["line 9", "unit web"]]


def test_a_page_that_cannot_be_read_is_no_pass(tmp_path: Path) -> None:
    """Missing, or no text: neither is met."""
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe")

    for name in ("none.md", "bytes.md"):
        with pytest.raises(Inconclusive, match="cannot be read"):
            read(tmp_path / name)
