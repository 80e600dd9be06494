"""Look at a host and write a rollback.toml of what is there.

Nothing is changed on the host. Behind each line is where it was seen; `# ?`
marks what only people know. A file that exists is not overwritten.
"""

from __future__ import annotations

import argparse
import os
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pytest_rollback.agent.messages.services.survey import Survey, SurveyRequest
from pytest_rollback.cli.init import compare, contained, edge, health, host
from pytest_rollback.cli.init.candidates import Candidate, candidates, slug
from pytest_rollback.cli.init.components import parts
from pytest_rollback.cli.init.description import Found, described
from pytest_rollback.cli.init.next_steps import summary
from pytest_rollback.errors import Refused, UsageError
from pytest_rollback.manifest.document import decoded
from pytest_rollback.manifest.load import load, parse
from pytest_rollback.run.command_line.arguments import Parser, add_target
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.text.places import MANIFEST

STDOUT = "-"
USUAL = {"connection": "local://", "name": "", "target-name": "", "state": "", "output": MANIFEST}
"""Options that a command for one of several systems keeps, and what they are where not given."""

EXAMPLES = """
examples:
  {me}
  {me} --connection ssh://deploy@shop.example.org
  {me} --root /srv/shop --output shop.toml
  {me} --check

exit codes: 0 written, or nothing differs; 1 refused, or something differs;
4 usage, or a problem in rollback.toml; 7 the host cannot be used
"""


def parser(program: str) -> Parser:
    """Return the parser of the arguments."""
    whole = Parser(
        prog=program,
        description=__doc__,
        epilog=EXAMPLES.format(me=program),
    )
    add = whole.add_argument
    url = "how the host is reached: ssh://USER@HOST, podman://NAME; usually this one, local://"
    add("--connection", default="local://", metavar="URL", help=url)
    add(
        "--unit",
        action="append",
        default=[],
        metavar="UNIT",
        help="the system of this unit; repeatable",
    )
    add("--root", default="", metavar="DIRECTORY", help="only what lives below this directory")
    add("--name", default="", metavar="SYSTEM", help="the name of the system")
    name = "the name for --arm=, such as production"
    add("--target-name", default="", metavar="PLACE", help=name)
    state = "where a rollback keeps its records; usually /var/lib/rollback/ and the name"
    add("--state", default="", metavar="DIRECTORY", help=state)
    add("--output", default=MANIFEST, metavar="FILE", help=f"usually {MANIFEST}; - is stdout")
    add("--check", action="store_true", help="compare a rollback.toml with its host")
    add_target(whole)
    return whole


def main(arguments: Sequence[str], program: str) -> int:
    """Write a rollback.toml, or compare one with its host; return the exit code."""
    asked = parser(program).parse_args(arguments)
    asked.unit = [each.removesuffix(".service") for each in asked.unit]
    if asked.check:
        return checked(Path(asked.rollback_target or asked.output))
    output = Path(asked.output)
    if asked.output != STDOUT and (output.exists() or output.is_symlink()):
        raise UsageError(
            f"{output} exists, and is not overwritten",
            hint=f"{program} --check compares it with the host; --output=FILE writes another one",
        )
    request = SurveyRequest(tuple(asked.unit), asked.root.rstrip("/"), others=True)
    with host.reached(asked.connection, request) as reached:
        candidate = chosen(reached.survey, asked, program)
        found = looked(reached, candidate, asked)
    text = described(found)
    parse(decoded(text.encode(), str(output)), str(output))
    if asked.output == STDOUT:
        shown(text.rstrip("\n"))
        return 0
    write(output, text)
    for line in summary(found, output, text):
        shown(line)
    return 0


def chosen(survey: Survey, asked: argparse.Namespace, program: str) -> Candidate:
    """Return the system that is meant: all of its units, even where one of them is named.

    Raises:
        Refused: there is none, or there are several.
    """
    found = candidates(survey, asked.root.rstrip("/"), asked.unit)
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(
            f"{survey.host} has {len(found)} systems; each has its command",
            findings=[
                f"{again(program, asked, each.root)}  # {', '.join(u.name for u in each.units)}"
                for each in found
            ],
            hint=again(program, asked, found[0].root),
        )
    homeless = contained.homeless(survey)
    if homeless:
        raise Refused(
            f"{survey.host} has no release of what its units run",
            findings=[*homeless.values(), *survey.unread],
            hint=contained.way(survey, lambda root: again(program, asked, root)),
        )
    wanted = ", ".join(asked.unit) or asked.root
    what = f"no unit of {wanted}" if wanted else "no unit that runs what somebody deployed"
    raise Refused(
        f"{survey.host} has {what}",
        findings=survey.unread,
        hint="systemctl list-units --type=service, or supervisorctl status; then --unit UNIT, "
        "which may be one that a package has installed",
    )


def again(program: str, asked: argparse.Namespace, root: str) -> str:
    """Return the command that was typed, for the system of one root."""
    words = [*shlex.split(program), "--root", root]
    for name, usual in USUAL.items():
        value = getattr(asked, name.replace("-", "_"))
        words += [f"--{name}", value] if value != usual else []
    return shlex.join(words)


def looked(reached: host.SurveyedHost, candidate: Candidate, asked: argparse.Namespace) -> Found:
    """Return everything that the description of a system is made of."""
    survey, name = reached.survey, slug(asked.name or candidate.name)
    return Found(
        asked.connection,
        reached.sudo,
        survey,
        candidate,
        name,
        parts(candidate, name),
        health.found(reached.connection, survey, candidate.units),
        edge.found(reached.connection, survey, candidate.units),
        {"name": asked.name, "state": asked.state, "target": asked.target_name},
    )


def write(path: Path, text: str) -> None:
    """Write a file that must not exist: whole or not at all.

    Raises:
        UsageError: it was made meanwhile.
        OSError: it cannot be written there.
    """
    handle, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        Path(made).chmod(0o644)
        try:
            os.link(made, path)
        except FileExistsError:
            raise UsageError(
                f"{path} was made meanwhile, and is not overwritten",
                hint="--output=FILE writes another one",
            ) from None
    finally:
        Path(made).unlink()


def checked(path: Path) -> int:
    """Print what differs between a file and its host; return 1 where anything does."""
    differences = list(compare.differences(load(path).system))
    for each in differences:
        shown(each)
    if not differences:
        shown(f"{path} is as its host is")
    return 1 if differences else 0
