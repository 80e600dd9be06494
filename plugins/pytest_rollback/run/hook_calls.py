"""Calls every implementation of a hook by itself: one that fails is named, and stops no other.

What a plugin answers decides about a rollback as little as possible: an answer of another type is
an error with the plugin's name, and who is only told something cannot end a session.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pytest_rollback.errors import RollbackError, UsageError


class HookAnswer(NamedTuple):
    """What one plugin answered to a hook."""

    plugin: str
    value: Any


Form = Callable[[Any], bool]
"""Whether an answer is of the type that the hook's specification names."""


def listing(kind: type[object]) -> Form:
    """Return the form of a list, or a tuple, of one type."""
    return lambda value: (
        isinstance(value, (list, tuple)) and all(isinstance(each, kind) for each in value)
    )


def naming(kind: type[object]) -> Form:
    """Return the form of a mapping from names to one type."""
    return lambda value: (
        isinstance(value, Mapping)
        and all(isinstance(name, str) and isinstance(each, kind) for name, each in value.items())
    )


def one(kind: type[object]) -> Form:
    """Return the form of one value of a type."""
    return lambda value: isinstance(value, kind)


class HookCalls:
    """The hooks of a session.

    Args:
        relay: pluggy's `hook`.

    `problems` are failures of plugins that were only told something: the session went on.
    """

    def __init__(self, relay: Any) -> None:  # noqa: ANN401 - pluggy gives hooks no types
        self._relay = relay
        self.problems: list[str] = []

    def plugins(self, *names: str) -> set[str]:
        """Return the names of the plugins that implement one of some hooks."""
        return {each.plugin_name for name in names for each in self._implementations(name)}

    def answers(self, name: str, form: Form, **given: object) -> Iterator[HookAnswer]:
        """Yield what each plugin answered, the last registered first; nothing for None.

        Raises:
            UsageError: a plugin failed, or answered something else.
            RollbackError: a plugin refused.
        """
        for each in self._implementations(name):
            try:
                value = each.function(*(given[word] for word in each.argnames))
            except RollbackError:
                raise
            except (Exception, SystemExit) as error:  # any plugin, any defect
                raise failed(each.plugin_name, name, error) from error
            if value is not None and not form(value):
                raise UsageError(
                    f"the plugin {each.plugin_name} answered {value!r:.80} to {name}, which is not "
                    "what the hook is specified to return",
                    hint=f"correct it, or leave it out: -p no:{each.plugin_name}",
                )
            if value is not None:
                yield HookAnswer(each.plugin_name, value)

    def tell(self, name: str, form: Form = bool, **given: object) -> list[HookAnswer]:
        """Tell all plugins something; return what they answered. One that fails is a problem."""
        found: list[HookAnswer] = []
        for each in self._implementations(name):
            try:
                value = each.function(*(given[word] for word in each.argnames))
                if value is not None and not form(value):
                    raise TypeError(f"it answered {value!r:.80}")  # noqa: TRY301 - told below
            except (Exception, SystemExit) as error:  # noqa: BLE001 - any plugin, any defect
                problem = str(failed(each.plugin_name, name, error))
                self.problems += [] if problem in self.problems else [problem]
            else:
                found += [] if value is None else [HookAnswer(each.plugin_name, value)]
        return found

    def _implementations(self, name: str) -> list[Any]:
        found = getattr(self._relay, name).get_hookimpls()
        return [each for each in reversed(found) if not (each.wrapper or each.hookwrapper)]


def failed(plugin: str, name: str, error: BaseException) -> UsageError:
    """Return that a plugin failed in a hook, with the line where it did."""
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({where[0].filename}:{where[0].lineno})" if where else ""
    said = str(error).partition("\n")[0] or "no message"
    return UsageError(
        f"the plugin {plugin} failed in {name}: {type(error).__name__}: {said}{place}",
        hint=f"correct it, or leave it out: -p no:{plugin}",
    )
