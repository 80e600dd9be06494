"""The sites of nginx and caddy that pass requests on, read from their configuration files.

Neither program is called: `nginx -t` opens and makes log files.
"""

from __future__ import annotations

import os
import re
from typing import Dict, Iterable, Iterator, List, NamedTuple, Tuple

from ....files import lookup, reach
from ....messages.services.survey import ProxySite

NGINX = ("/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf")
CADDY = ("/etc/caddy/Caddyfile",)
TOKENS = re.compile(
    r"\s+|[#][^\n]*"
    r'|"((?:[^"\\]|\\.)*)"'
    r"|'((?:[^'\\]|\\.)*)'"
    r"|([{};])"
    r"|([^\s{};\"']+)"
)
"""White space, comments, texts in quotes, marks, and words."""

STATUS = re.compile(r"[45]\d\d")
DEEP = 8
"""Files that include each other."""

PASSED = re.compile(r"https?://(\[[0-9a-fA-F:]+\]|[^:/\s$]+)(?::(\d+))?")
SOCKET = re.compile(r"http://unix:([^:\s]+)")


class Block(NamedTuple):
    """One directive of nginx: its words, and what is in its braces."""

    words: Tuple[str, ...]
    inside: Tuple[Block, ...] = ()
    file: str = ""


def sites() -> Iterator[ProxySite]:
    """Yield the sites of each proxy; a file that cannot be read has none."""
    for path in NGINX:
        if lookup.kind(path) == "file":
            yield from nginx(parsed(path, 0))
    for path in CADDY:
        if lookup.kind(path) == "file":
            yield from caddy(path)


def ports(found: Iterable[ProxySite]) -> Iterator[int]:
    """Yield the ports to which sites pass."""
    for site in found:
        for each in site.passes:
            port = each.rpartition(":")[2]
            if port.isdigit():
                yield int(port)


def parsed(path: str, depth: int) -> Tuple[Block, ...]:
    """Return the directives of a file, with those of the files that it includes."""
    try:
        text = reach.text(path)
    except (OSError, ValueError):
        return ()
    found: List[str] = []
    for match in TOKENS.finditer(text):
        word = match[1] if match[1] is not None else match[2]
        if match[3] or match[4] or word is not None:
            found.append(match[3] or match[4] or word)
    return tuple(_blocks(iter(found), path, depth))


def _blocks(left: Iterator[str], path: str, depth: int) -> Iterator[Block]:
    words: List[str] = []
    for word in left:
        if word == "}":
            return
        if word == "{":
            yield Block(tuple(words), tuple(_blocks(left, path, depth)), path)
            words = []
        elif word == ";":
            if words[:1] == ["include"] and words[1:] and depth < DEEP:
                for each in lookup.matching(os.path.join(os.path.dirname(path), words[1])):
                    yield from parsed(each, depth + 1)
            else:
                yield Block(tuple(words), (), path)
            words = []
        else:
            words.append(word)


def named(blocks: Tuple[Block, ...], name: str) -> Iterator[Block]:
    """Yield the directives of a name, at every depth."""
    for each in blocks:
        if each.words[:1] == (name,):
            yield each
        yield from named(each.inside, name)


def nginx(blocks: Tuple[Block, ...]) -> Iterator[ProxySite]:
    """Yield the servers that pass requests on."""
    upstreams = {
        each.words[1]: [_place(f"http://{one.words[1]}") for one in named(each.inside, "server")]
        for each in named(blocks, "upstream")
        if each.words[1:]
    }
    for server in named(blocks, "server"):
        if not server.inside:
            continue  # a line of an upstream
        keys = ("proxy_pass", "uwsgi_pass", "grpc_pass")
        told = [each.words[1] for key in keys for each in named(server.inside, key)]
        passes = [place for each in told for place in _passed(each, upstreams)]
        if passes:
            page, status = _page(server)
            names = [
                word for each in named(server.inside, "server_name") for word in each.words[1:]
            ]
            yield ProxySite(
                "nginx", server.file, _url(server), tuple(names), tuple(passes), page, status
            )


def _passed(told: str, upstreams: Dict[str, List[str]]) -> List[str]:
    found = PASSED.match(told if "://" in told else f"http://{told}")
    if found and found[1] in upstreams and not found[2]:
        return [each for each in upstreams[found[1]] if each]
    return [each for each in [_place(told)] if each]


def _place(told: str) -> str:
    """Return where a directive passes to, as `host:port` or the path of a socket."""
    socket = SOCKET.match(told.replace("http://http://", "http://"))
    if socket:
        return socket[1]
    found = PASSED.match(told if "://" in told else f"http://{told}")
    return f"{found[1]}:{found[2] or 80}" if found else ""


def _url(server: Block) -> str:
    """Return where a server is asked on its own host: the first port without TLS, else with it."""
    listens = [each.words[1:] for each in named(server.inside, "listen")] or [("80",)]
    plain = [each for each in listens if "ssl" not in each] or listens
    word, secure = plain[0][0] if plain[0] else "80", "ssl" in plain[0]
    port = word.rpartition(":")[2] if ":" in word and not word.endswith("]") else word
    port = port if port.isdigit() else "443" if secure else "80"
    usual = "443" if secure else "80"
    return f"{'https' if secure else 'http'}://localhost{'' if port == usual else f':{port}'}/"


def _page(server: Block) -> Tuple[str, int]:
    """Return the file whose existence makes a server answer with an error, and with which one."""
    roots = {each.words[1] for each in named(server.inside, "root") if each.words[1:]}
    for rule in named(server.inside, "if"):
        words = [word.strip("()") for word in rule.words[1:]]
        returned = [each.words[1] for each in named(rule.inside, "return") if each.words[1:]]
        if "-f" in words[:1] and returned and STATUS.fullmatch(returned[0]):
            path = words[1]
            if "$document_root" in path and len(roots) == 1:
                path = path.replace("$document_root", next(iter(roots)))
            if path.startswith("/") and "$" not in path:
                return os.path.normpath(path), int(returned[0])
    return "", 0


ADDRESS = re.compile(r"^(?P<names>\S[^{}\n]*?)\s*\{\s*$", re.MULTILINE)
REVERSE = re.compile(r"^\s*reverse_proxy\s+(?:/\S*\s+)?(?P<to>[^{}\n]+)", re.MULTILINE)


def caddy(path: str) -> Iterator[ProxySite]:
    """Yield the sites of a Caddyfile that pass requests on."""
    try:
        text = reach.text(path)
    except (OSError, ValueError):
        return
    heads = list(ADDRESS.finditer(text))
    for head, end in zip(heads, [*(each.start() for each in heads[1:]), len(text)]):
        to = [
            word for each in REVERSE.finditer(text[head.end() : end]) for word in each["to"].split()
        ]
        passes = [
            word[5:] if word.startswith("unix/") else word.partition("://")[2] or word
            for word in to
        ]
        names = [each.strip(",") for each in head["names"].split()]
        if passes and names:
            first = (
                names[0]
                if "://" in names[0]
                else f"http://localhost{names[0]}"
                if names[0].startswith(":")
                else f"https://{names[0]}"
            )
            yield ProxySite("caddy", path, f"{first.rstrip('/')}/", tuple(names), tuple(passes))
