"""A request in memory, for a Python on this machine: nothing is sent, and nothing is compiled.

Its start takes half as long as with sources. A Python that cannot use what lies there says so
before it does anything, and is given sources, as a host elsewhere is: it is of another version, or
may not read our memory.
"""

from __future__ import annotations

import contextlib
import functools
import json
import marshal
import os
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from types import CodeType
from typing import BinaryIO

from pytest_rollback.transport.payload import AGENT, GUARD, SERVE, sources

OTHER = b"<<rollback-sources-please>>"
"""The line that a Python says which cannot use what lies in our memory. No answer has such a line,
whatever names and logs say: its text has no line breaks."""

BOOT = f"""{GUARD}
import json,marshal,os,stat
from importlib.util import MAGIC_NUMBER
a,t=sys.argv[1:]
t=t.encode()+MAGIC_NUMBER
try:
 with open(os.open(a,os.O_RDONLY|os.O_NONBLOCK),"rb") as f:
  b=f.read() if stat.S_ISREG(os.fstat(f.fileno()).st_mode) else b""
except OSError:b=b""
if not b.startswith(t):
 print("\\n{OTHER.decode()}")
 sys.exit()
z,q=marshal.loads(b[len(t):])
z,q=marshal.loads(z),json.loads(q)
def source(n):return z[n][1]
def code(n):return z[n][0]
{SERVE}"""


def is_refused(output: bytes) -> bool:
    """Return whether a Python said that it needs sources; nothing was done then."""
    return OTHER in output.splitlines()


def is_near(connection: str) -> bool:
    """Return whether a connection leads to this machine, and memory can be shared on it."""
    return connection.startswith("local://") and hasattr(os, "memfd_create")


@functools.cache
def compiled(module: str) -> tuple[CodeType, str]:
    """Return a module of the agent and its source, both as this process read it first.

    Python keeps what it compiled once; but on the disk we may be part of what is rolled back.
    """
    path, source = AGENT / f"{module.replace('.', '/')}.py", sources()[module]
    loader = SourceFileLoader(f"agent.{module}", str(path))
    same = path.exists() and loader.get_source(loader.name) == source
    kept = loader.get_code(loader.name) if same else None
    return kept or compile(source, path, "exec"), source


@functools.cache
def packed(modules: frozenset[str]) -> bytes:
    """Return modules of the agent as a process of the same Python reads them."""
    return marshal.dumps({name: compiled(name) for name in sorted(modules)})


@contextlib.contextmanager
def held(modules: frozenset[str], request: object) -> Iterator[tuple[str, str]]:
    """Yield the path under which a process of ours, or one of root, reads a request; and its sign.

    Who comes too late may find another file under that path. The sign tells that. Where memory
    takes no file, nothing is found there, as by a Python that cannot use it.
    """
    words = json.dumps(request, separators=(",", ":"))
    sign = os.urandom(16).hex()
    file = _file(sign.encode() + MAGIC_NUMBER + marshal.dumps((packed(modules), words)))
    with file or contextlib.nullcontext():
        yield f"/proc/{os.getpid()}/fd/{file.fileno()}" if file else os.devnull, sign


def _file(content: bytes) -> BinaryIO | None:
    """Return a file in memory, None where there is none to be had."""
    try:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(os.fdopen(os.memfd_create("rollback-request"), "wb"))
            file.write(content)
            file.flush()
            stack.pop_all()
            return file
    except OSError:
        return None
