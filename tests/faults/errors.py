"""Which errors are injected where: each kind at each site, each error at each kind of call.

The engine tells apart whether a disk is full, whether a name cannot be moved or linked, and whether
a call was broken off; all else is one kind to it. So each site meets each kind, and the errors of a
kind take turns. Equal sites, one call with one object over and over, share the kinds among them; so
do those that a call has in common with one that is swept as well: the same of another scene, or
what it goes on with.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.faults.tracing import Site

FULL = ("ENOSPC", "EDQUOT")
FAILED = ("EIO", "EROFS", "EACCES", "EMFILE", "ENOMEM", "EBUSY", "ESTALE")
KINDS = (FULL, ("EPERM",), ("EXDEV",), ("EINTR",), FAILED, FAILED[3:] + FAILED[:3])
"""What the engine tells apart; of the last kind two are injected at each site."""

ERRORS = tuple(dict.fromkeys(error for kind in KINDS for error in kind))
NUMBERS = re.compile(r"\b\d+(?=<)|(?<== )\d+.*|\b[0-9a-f]{24}\b")
ALL = 1
"""How many of equal sites meet every kind; each further one meets one kind, the next in turn."""


def cases(sites: Iterable[Site], elsewhere: Iterable[Site] = ()) -> list[tuple[Site, str]]:
    """Return every site with the errors that it meets; equal ones meet all kinds `elsewhere`."""
    return list(_cases(sites, Counter(map(_about, elsewhere))))


def _about(site: Site) -> tuple[str, str]:
    """Return what equal sites have in common."""
    return site.call, NUMBERS.sub("", site.about)


def _cases(sites: Iterable[Site], equal: Counter[tuple[str, str]]) -> Iterator[tuple[Site, str]]:
    turns: Counter[tuple[str, int]] = Counter()
    for site in sites:
        number = equal[_about(site)]
        equal[_about(site)] += 1
        kinds = range(len(KINDS)) if number < ALL else [(number - ALL) % len(KINDS)]
        for kind in kinds:
            turn = turns[site.call, kind]
            turns[site.call, kind] += 1
            yield site, KINDS[kind][turn % len(KINDS[kind])]
