"""When a ballot is led without anybody who voted for what is chosen, said exactly."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.specs.promises.consensus import quorums_overlap
from dynaproof.specs.views.group_facts import Entry, Led

A, B, C = (Member(NodeId("region", zone, f"s{zone}"), place) for place, zone in enumerate("abc", 1))
FIRST, SECOND, LED = Ballot(2, "sb", 2), Ballot(3, "sa", 1), Ballot(4, "sa", 1)
OTHER = Ballot(1, "sc", 3)


def broken(voters_at: dict[Entry, list[Member]], promised: list[Member], known: int = 0) -> list[str]:
    """What is found as `LED` is led with these promises, and slot 1 is chosen by these votes."""
    view = SimpleNamespace(
        take=lambda kind: [SimpleNamespace(ballot=LED)] if kind is Led else [],
        known_by={LED: known},
        pruned_through=0,
        chosen_through=1,
        promises={LED: dict.fromkeys(promised, True)},
        config_at=lambda _: (A, B, C),
        voters_at={1: voters_at},
        quorum_entry=lambda _: [entry for entry, voters in voters_at.items() if len(voters) > 1],
    )
    return [violation.sentence for violation in quorums_overlap.check(cast(Any, view))]


def test_a_ballot_is_led_with_the_promise_of_a_voter_that_voted_for_what_is_chosen() -> None:
    assert not broken({Entry(FIRST, FIRST): [B, C]}, [A, B])
    assert broken({Entry(FIRST, FIRST): [B, C]}, [A]) == [
        "4.sa.1 is led with the promises of sa/1, and slot 1 was chosen at 2.sb.2 by sb/2 and sc/3"
    ]
    assert not broken({Entry(FIRST, FIRST): [B, C]}, [A], known=1), "its leader knows that it is chosen"
    assert not broken({Entry(FIRST, FIRST): [B]}, [A]), "nothing is chosen"


def test_what_is_chosen_again_by_others_needs_one_of_the_quorums_that_chose_it() -> None:
    """Found by `move`: a voter whose page had rotted led, and had its own vote and one other's for what was
    chosen before; only the other one's promise for its next ballot counts.
    """
    again = {Entry(FIRST, FIRST): [A, B, C], Entry(SECOND, FIRST): [A, C]}
    assert not broken(again, [B])
    assert len(broken(again, [])) == 2
    other = {Entry(FIRST, FIRST): [A, B], Entry(SECOND, OTHER): [A, C]}
    assert broken(other, [B]) == [
        "4.sa.1 is led with the promises of sb/2, and slot 1 was chosen at 3.sa.1 by sa/1 and sc/3"
    ], "another value excuses nothing"
