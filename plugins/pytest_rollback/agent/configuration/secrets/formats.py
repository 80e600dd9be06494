"""Readers of formats that fewer systems have: YAML, TOML, INI, Python, properties, XML, lists."""

from __future__ import annotations

import re
from typing import Callable, Dict, Iterator, List

from ...messages.configuration import is_too_deep
from .lexical import COMMENT, LONG, Read, lexical
from .values import Pair, leaves

QUOTED = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'((?:''|[^'])*)'", re.DOTALL)
NAMED = re.compile(
    r"([\w.-]{1,100})[\"']?\s*:\s*(?:\"((?:\\.|[^\"\\])*)\"|'((?:''|[^'])*)')", re.DOTALL
)
KEY = re.compile(r"^\s*(?:[-?]\s+)*(?:[\"']?([\w.@ /-]{1,100}?)[\"']?\s*:(?:\s+|$))?(.*)$")
BLOCK = re.compile(r"^(?:[&!]\S+\s+)*[|>][+-]?\d?[+-]?\s*(?:#.*)?$")
TAGS = re.compile(r"^(?:[&!]\S+\s+)+")
ATTRIBUTE = re.compile(r"([\w:.-]{1,100})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
LONGEST = 400
"""Lines of one value that are put together."""


def yaml(text: str) -> Read:
    """Read the scalars of YAML: plain, quoted, in blocks, in flow, and those over several lines.

    What a program makes of a tag of its own is not known.
    """
    found = list(_quoted(text))
    lines = text.split("\n")
    for number, line in enumerate(lines):
        key, value = KEY.findall(line)[0]
        plain = TAGS.sub("", value)
        below = _below(lines, number, line)
        if BLOCK.match(value):
            found += [(key, joint.join(below).strip()) for joint in ("\n", " ", "")]
        elif plain and plain[0] not in "\"'{[#":
            bare = re.sub(r"(?<!\s)\s+#.*$", "", plain).strip()
            found += [(key, bare), (key, " ".join([bare, *below]) if below else plain)]
            found.append((key, "\n".join([bare, *below])))
        found += _flow(plain)
    return found, not re.search(r":\s+!(?!!)", text)


def _quoted(text: str) -> Iterator[Pair]:
    """Yield every text in quotes: as written, as meant, and folded."""
    for double, single in QUOTED.findall(text):
        for each in (double, single.replace("''", "'")):
            yield "", each
            yield "", re.sub(r"(?<!\s)\s*\n\s*", " ", each)
    for key, double, single in NAMED.findall(text):
        yield key, double or single.replace("''", "'")


def _below(lines: List[str], number: int, line: str) -> List[str]:
    """Return the lines below one that are indented more, without what all of them have."""
    depth = len(line) - len(line.lstrip(" "))
    found: List[str] = []
    for each in lines[number + 1 : number + LONGEST]:
        if each.strip() and len(each) - len(each.lstrip(" ")) <= depth:
            break
        found.append(each.strip())
    while found and not found[-1]:
        found.pop()
    return found


def _flow(value: str) -> Iterator[Pair]:
    """Yield the settings of a list or table in one line."""
    if value[:1] in {"{", "["}:
        for piece in re.split(r"[{}\[\],]", value):
            key, colon, rest = piece.partition(":")
            yield (key.strip(), rest.strip()) if colon else ("", piece.strip())


def toml(text: str) -> Read:
    """Read TOML, by a Python that has it; else what any text shows."""
    try:
        import tomllib  # noqa: PLC0415 - not in every Python that we run on
    except ImportError:  # pragma: no cover - a Python before 3.11
        return lexical(text), '"""' not in text and "'''" not in text
    if is_too_deep(text):
        return [], False
    try:
        return list(leaves("", tomllib.loads(text))), True
    except (ValueError, RecursionError):
        return [], False


def ini(text: str) -> Read:
    """Read INI, with values over several lines, lists of settings, and doubled percent signs."""
    import configparser  # noqa: PLC0415 - few files need it

    reader = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        reader.read_string(text if re.search(r"(?m)^\s*\[", text) else f"[file]\n{text}")
    except configparser.Error:
        return [], False
    pairs = [pair for name in reader.sections() for pair in reader.items(name)]
    found: List[Pair] = []
    for key, value in [*pairs, *reader.defaults().items()]:
        bare = COMMENT.sub("", value or key)
        found += [(key, value or key), (key, bare), (key, bare.strip("'\""))]
        found += [(key, line.strip()) for line in (value or "").split("\n")]
        found += lexical(value) if value and "=" in value else []
    return found, True


def python(text: str) -> Read:
    """Read the texts in a program: of assignments, of dictionaries and of calls by their names."""
    from .program import DOTTED, constants  # noqa: PLC0415 - few files need it

    pieces = [double or single for double, single in QUOTED.findall(text)]  # of joined texts
    long = [("", each) for each in pieces if len(each) >= LONG and not DOTTED.fullmatch(each)]
    try:
        return [*constants(text), *long], True
    except (SyntaxError, ValueError, RecursionError):
        return [], False


def properties(text: str) -> Read:
    """Read the properties of Java: three ways to set one, continued lines, letters as numbers."""
    found = []
    for line in re.sub(r"\\\n[ \t]*", "", text).split("\n"):
        told = re.match(r"\s*([^\s#!=:][^\s=:]*)\s*[=:\s]\s*(\S.*)$", line)
        if told:
            found.append((told[1], told[2]))
    return found, True


def xml(text: str) -> Read:
    """Read the attributes and texts of XML; of `<x name="a" value="b"/>` the pair of both."""
    found = [("", body.strip()) for body in re.findall(r"<!\[CDATA\[(.*?)\]\]>", text, re.DOTALL)]
    for name, body in re.findall(r"<([\w:.-]{1,100})[^<>]*>([^<>]+)<", text):
        found.append((name, body.strip()))
    for tag in re.findall(r"<[^<>]+>", text):
        told = {key.lower(): a or b for key, a, b in ATTRIBUTE.findall(tag)}
        found += told.items()
        found.append((told.get("name") or told.get("key") or "", told.get("value", "")))
    return found, True


FIELDS = 5
"""Fields of a line of .pgpass."""


def pgpass(text: str) -> Read:
    """Read host:port:database:user:password; a backslash keeps a colon or a backslash."""
    found = []
    for line in text.split("\n"):
        fields = re.findall(r"((?:\\.|[^:\\])*)(?::|$)", line)
        if line.strip()[:1] not in {"", "#"} and len(fields) >= FIELDS:
            found.append(("password", re.sub(r"\\(.)", r"\1", fields[4])))
            found.append(("password", line.split(":", 4)[-1]))
    return found, True


def netrc(text: str) -> Read:
    """Read the words of a netrc: each that follows `password` or `account`."""
    return [("password", each) for each in re.findall(r"(?:password|account)\s+(\S+)", text)], True


def htpasswd(text: str) -> Read:
    """Read lines of user:hash, and addresses with a password."""
    lines = [line.strip() for line in text.split("\n") if ":" in line]
    hashes = [("password", line.partition(":")[2]) for line in lines if "://" not in line]
    for _, value in hashes[:]:
        hashes += [("hash", each) for each in value.split(":") if each[:1] in "${" or each[23:]]
    return [*hashes, *(("url", line) for line in lines)], True


READERS: Dict[str, Callable[[str], Read]] = {
    "YAML": yaml,
    "TOML": toml,
    "INI": ini,
    "Python": python,
    "properties": properties,
    "XML": xml,
    "pgpass": pgpass,
    "netrc": netrc,
    "htpasswd": htpasswd,
}
