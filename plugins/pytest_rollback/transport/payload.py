"""What travels to a host: the modules of the agent that a request needs, and what starts them."""

from __future__ import annotations

import base64
import bz2
import functools
import hashlib
import importlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_rollback.agent.routes import PART, ROUTES, place
from pytest_rollback.agent.services.registry import MANAGERS
from pytest_rollback.text.entry_points import managers
from pytest_rollback.transport import bare_source

AGENT = Path(__file__).parents[1] / "agent"
ALWAYS = ("main",)
"""Modules of the agent that every request needs; with what they import."""

IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import (?:\(([^)]*)\)|([^\n#(]+))", re.MULTILINE)
"""How one module of the agent imports another; a parser would take 40 ms for all of them."""

NAMED = re.compile(r'"(\.+)([\w.]+):\w+"')
"""How a module names another one that it imports only when it is needed."""

REGISTRY = "services.registry"
TABLE = "routes"
LISTED = re.compile(r'^ +"[\w.]+": "([\w.]+):\w+",$', re.MULTILINE)
"""The module that lists routes, and one of its lines, with the module that answers."""

LONGEST = 120_000
"""Characters that travel as arguments, of 128 KiB; what is longer goes through a private file."""

NOT_DENSE = "<<rollback-plain-please>>"
"""What a Python without bz2 says instead of starting the agent."""

OLD = "rollback needs Python 3.8 or later, this is"
"""What an old Python says instead of starting the agent."""

GUARD = f"""
import sys
if sys.version_info<(3,8):sys.exit("{OLD} "+sys.version.split()[0])
"""
"""The first lines of every script: they are for any Python, so that an old one can say so."""

# Modules are loaded from memory: the host's disk may be full, and nothing must stay behind on it.
# What the script before this one had to find out: `source` and `code` give a module by its name,
# and `q` is the request. Leaving without taking the interpreter apart saves 4 ms.
SERVE = """
from importlib.machinery import ModuleSpec
P={""}
for n in z:
 while n:n=n.rpartition(".")[0];P.add(n)
class F:
 def find_spec(self,n,p=None,t=None):
  k=n[6:]
  if n in("agent","agent."+k)and(k in P or k in z):return ModuleSpec(n,self,is_package=k in P)
 def create_module(self,s):return None
 def get_source(self,n):return source(n[6:])
 def exec_module(self,m):
  n=m.__name__[6:]
  if n not in P:exec(code(n),m.__dict__)
sys.meta_path.insert(0,F())
from agent.main import serve
sys.stdout.buffer.write(serve(q))
sys.stdout.flush()
os._exit(0)
"""

# A request that is too long for an argument comes as @PATH of a private file, removed before
# anything is done; or on the standard input, which is "-". Both are checked.
BOOT = f"""{GUARD}
import base64,json,os,zlib
a=sys.argv[1:]
if a[0][0]in"@-":
 import hashlib
 f=0
 if a[0]!="-":
  f=os.open(a[0][1:],os.O_RDONLY|os.O_NOFOLLOW)
  os.unlink(a[0][1:])
 with os.fdopen(f,"rb",closefd=f>0) as f:b=f.read()
 if hashlib.sha256(b).hexdigest()!=a[1]:sys.exit("the request was damaged in transfer")
 a=b.split()
def plain(x):
 x=base64.b64decode(x)
 if x[:2]!=b"BZ":return zlib.decompress(x).decode()
 try:import _bz2
 except ImportError:print("\\n{NOT_DENSE}");sys.exit()
 return _bz2.BZ2Decompressor().decompress(x).decode()
z,q=map(plain,a)
z,q=z.split("\\0"),json.loads(q)
z=dict(zip(z[::2],z[1::2]))
def source(n):return z[n]
def code(n):return compile(z[n],"agent/"+n.replace(".","/")+".py","exec")
{SERVE}"""

# Appends one piece of a long request to a private file in memory or, where there is no such
# place, in the temporary directory; the first piece makes the file. Prints where it is.
KEEP = f"""{GUARD}
import os,tempfile
p,b=sys.argv[1],sys.argv[2].encode()
if p=="-":
 d="/dev/shm"
 f,p=tempfile.mkstemp(prefix="rollback-",dir=d if os.access(d,os.W_OK) else None)
else:f=os.open(p,os.O_WRONLY|os.O_APPEND|os.O_NOFOLLOW)
s=os.fstat(f)
if (s.st_uid,s.st_mode&0o7777,s.st_nlink)!=(os.geteuid(),0o600,1):sys.exit(p+" is not our file")
while b:b=b[os.write(f,b):]
print("<<rollback-kept "+p+">>")
"""

DROP = """
import os,sys
try:os.unlink(sys.argv[1])
except FileNotFoundError:pass
"""


def packed(value: object, *, dense: bool = False) -> str:
    """Return a value as text that fits between blanks: JSON, compressed, base64."""
    return _squeezed(json.dumps(value, separators=(",", ":")), dense=dense)


def _squeezed(text: str, *, dense: bool) -> str:
    raw = text.encode("utf-8")
    return base64.b64encode(bz2.compress(raw) if dense else zlib.compress(raw, 9)).decode("ascii")


def arguments(modules: frozenset[str], request: object, *, plain: bool = False) -> tuple[str, str]:
    """Return modules and a request as the arguments of `BOOT`, which fit or do not.

    Where they would not, they are compressed by bz2, which takes a fifth less and more time; but
    for a `plain` Python, which has none.
    """
    words = payload(modules), packed(request)
    if plain or fit(words):
        return words
    return payload(modules, dense=True), packed(request, dense=True)


def is_refused(output: bytes) -> bool:
    """Return whether a Python said that it reads nothing dense; nothing was done then."""
    return NOT_DENSE.encode() in output.splitlines()


def fit(words: Iterable[str]) -> bool:
    """Return whether texts can be arguments of one command."""
    return sum(map(len, words)) <= LONGEST


@functools.cache
def started(script: str) -> tuple[str, ...]:
    """Return the arguments with which Python runs a script: one line, whatever shell reads it."""
    encoded = base64.b64encode(script.strip().encode("ascii")).decode("ascii")
    words = "import base64,sys;exec(base64.b64decode(sys.argv.pop(1)))"
    return ("-I", "-S", "-c", words, encoded)


@functools.cache
def sources() -> Mapping[str, str]:
    """Return the agent's modules by names such as `files.read`; package faces hold nothing."""
    paths = {path.relative_to(AGENT): path for path in AGENT.rglob("*.py")}
    found = {
        ".".join(short.with_suffix("").parts): path.read_text(encoding="utf-8")
        for short, path in sorted(paths.items())
        if short.name != "__init__.py"
    }
    return {**found, **_brought(found[REGISTRY])}


def _brought(registry: str) -> dict[str, str]:
    """Return the service managers of other packages, and the registry with them; no line moves."""
    added, found = "", {}
    for name, each in managers().items():
        module = f"outside_{name}"
        found[f"services.{module}"] = each.path.read_text(encoding="utf-8")
        added += f'"{name}": RegisteredManager(".{module}:{each.kind}", "{each.command}"),'
    head, begin, rest = registry.partition("RegisteredManager] = {")
    return {**found, REGISTRY: head + begin + added + rest}


@functools.cache
def bare(module: str) -> str:
    """Return what travels of a module's source: see `bare_source`."""
    return bare_source.bare(sources()[module], heard(module))


def heard(module: str) -> frozenset[str]:
    """Return the functions of a module that answer requests."""
    listed = (each.partition(":") for each in places().values())
    return frozenset(name for where, _, name in listed if where == module)


@functools.cache
def places() -> Mapping[str, str]:
    """Return where each question is answered, by packages that can be taken away as well."""
    found = dict(ROUTES)
    for name in sources():
        package, _, last = name.rpartition(".")
        if package and last == PART:
            table = importlib.import_module(f"pytest_rollback.agent.{name}").ROUTES
            found.update({f"{package}.{verb}": where for verb, where in table.items()})
    return found


@functools.cache
def imported(module: str) -> frozenset[str]:
    """Return the modules of the agent that one imports, wherever in its source."""
    known = sources()
    found: set[str] = set()
    for dots, base, several, one in IMPORT.findall(known[module]):
        above = module.split(".")[: -len(dots)] + [part for part in base.split(".") if part]
        listed = [word.split()[0] for word in (several or one).split(",") if word.strip()]
        found.update(".".join([*above, *more]) for name in listed for more in ([], [name]))
    for dots, name in NAMED.findall(known[module]):
        found.add(".".join([*module.split(".")[: -len(dots)], name]))
    return frozenset(found) & known.keys()


def needed(questions: Iterable[str], more: Iterable[str] = (), manager: str = "") -> frozenset[str]:
    """Return the modules that answer questions such as `units.look`, with all they import.

    `more` are modules that they need for this system alone, and `manager` is the service manager
    that it has: what only the others need is left out. "" stands for all of them.
    """
    others = _others(manager)
    modules: set[str] = set()
    waiting = {*ALWAYS, *more} & sources().keys()  # a package may be taken away
    for name in questions:
        waiting |= {place(name).partition(":")[0]} - {""}
        if name not in ROUTES:
            waiting |= {f"{name.partition('.')[0]}.{PART}"} & sources().keys()
    while waiting:
        modules |= waiting
        waiting = {
            name
            for each in waiting
            for name in imported(each) - (others if each == REGISTRY else frozenset())
        } - modules
    return frozenset(modules)


@functools.cache
def _others(manager: str) -> frozenset[str]:
    """Return the modules of all service managers but one; none where that is not known here."""
    if manager not in MANAGERS:
        return frozenset()
    named = {name: each.place.partition(":")[0] for name, each in MANAGERS.items()}
    return frozenset(f"services{place}" for name, place in named.items() if name != manager)


@functools.cache
def payload(modules: frozenset[str], *, dense: bool = False) -> str:
    """Return modules of the agent as one text. The same sources give the same text.

    Names and sources with NUL between them: JSON would escape each line's end, which takes 2 %.
    """
    parts = ((name, bare(name)) for name in sorted(modules))
    sent = ((name, _answered(text, modules) if name == TABLE else text) for name, text in parts)
    return _squeezed("\0".join(part for each in sent for part in each), dense=dense)


def _answered(table: str, modules: frozenset[str]) -> str:
    """Return the table of routes with those alone that these modules answer; no line moves."""
    return LISTED.sub(lambda line: line[0] if line[1] in modules else "", table)


@functools.cache
def agent_sha256() -> str:
    """Return the hash that a report states of the agent: of all its modules, sent or not."""
    return hashlib.sha256(json.dumps(sources()).encode("ascii")).hexdigest()
