"""How far a run has come."""

from typing import Dict, NamedTuple, Optional, Tuple


class StepState(NamedTuple):
    """One step of a rollback, by its name for people; `state` is begun or done."""

    name: str
    state: str


class RunProgress(NamedTuple):
    """How far a run has come, told from its journals alone.

    `next` is the step that comes next, None if there is none; `undo` is None, begun or done; `head`
    the hash of the last change, `heads` those of all journals by name. `damage` says what is wrong
    with a journal, None if nothing is.
    """

    steps: Tuple[StepState, ...]
    next: Optional[str]
    undo: Optional[str]
    head: str
    heads: Dict[str, str]
    damage: Optional[str]
