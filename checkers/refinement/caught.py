"""Seeded bugs of the replica that refinement catches, each with its first difference from the model.

./run python -m dynaproof.checkers.refinement.caught

prints the table of `docs/claims.md`. What a run does depends on every message that the replica sends, so
schedules and steps hold for the version that printed them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from msgspec import Struct

from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.refinement.checking import Difference
from dynaproof.checkers.refinement.running import REFINEMENT, run_refined
from dynaproof.checkers.scenarios.catalogue import config_of

CAUGHT = (
    "quorum_of_one",
    "leader_commits_alone",
    "own_vote_before_sync",
    "no_promise_check",
    "promise_goes_back",
    "accept_raises_no_promise",
    "campaign_not_journalled",
    "old_ballot_led_again",
    "rotted_voter_votes_on",
    "sent_at_sync_start",
    "ignores_accepted",
    "lowest_accepted_adopted",
    "tail_slot_by_slot",
    "no_cut_on_accept",
)
"""The bugs that it catches, by their names in `checkers/mutation/catalogue.py`."""
HUNTED = 200
"""The number of schedules within which each must be caught; most are caught in the first few, the rarest in
the first 60.
"""


class Caught(Struct, frozen=True):
    """The first run of a seeded bug that is no behaviour of the model."""

    bug: str
    schedule: int
    difference: Difference
    spec: str | None
    """The promise that the run also breaks, at whatever step; None if it breaks none."""

    def row(self) -> str:
        """As a row of a table."""
        found = self.difference
        cells = [
            f"`{self.bug}`",
            f"{self.schedule}: {found.step}",
            f"{found.what}, at {found.node}",
            found.nearest,
            "; ".join(found.differs),
            f"`{self.spec}`" if self.spec else "none",
        ]
        return f"| {' | '.join(cells)} |"


def caught(bug: str) -> Caught | None:
    """Hunt a seeded bug; None if every run of it is a behaviour of the model."""
    with seeded(MUTANTS[bug]):
        return _caught(bug)


def _caught(bug: str) -> Caught | None:
    for schedule in range(HUNTED):
        one = run_refined(config_of("partition", "portfolio", 1, schedule))
        failure, difference = one.result.failure, one.refined.difference
        if difference is not None:
            assert failure is not None, "a difference fails the run"
            spec = None if failure.spec == REFINEMENT else failure.spec
            return Caught(bug, schedule, difference, spec)
    return None


HEAD = (
    "| seeded bug | schedule: step | what happened | nearest actions | what differs | broken spec |",
    "| --- | --- | --- | --- | --- | --- |",
)


def rows() -> Iterator[str]:
    """The table, a line at a time."""
    yield from HEAD
    for bug in CAUGHT:
        found = caught(bug)
        yield found.row() if found is not None else f"| `{bug}` | survives | | | | |"


if __name__ == "__main__":
    sys.stdout.writelines(f"{row}\n" for row in rows())
