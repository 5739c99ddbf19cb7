"""Leaving a lost write aside until somebody needs it changes no verdict of the simulator's judge."""

from random import Random
from typing import Any

from checkers.simulator.judge import Judge
from impl.storage.messages import Delete, Get, Put
from impl.storage.records import StoredItem


class Unreduced(Judge):
    def ended(self, request: Any, ending: str, observed: StoredItem | None) -> str | None:
        told = super().ended(request, ending, observed)
        self._lost.clear()
        return told


def verdict(judge: Judge, seed: int) -> bool:
    """Whether the judge objects to the random history of this seed."""
    rng, running, number = Random(seed), {}, 0
    values: list[dict[str, str] | None] = [None, {"v": "0"}, {"v": "1"}, {"v": "2"}]

    def stored() -> StoredItem | None:
        item = values[rng.getrandbits(2)]
        return None if item is None else StoredItem(item, 1, 1)

    for _ in range(14):
        if running and rng.getrandbits(1):
            request = sorted(running)[rng.getrandbits(4) % len(running)]
            operation = running.pop(request)
            endings = (
                ["ok", "indefinite"]
                if isinstance(operation, Get) or not operation.conditional
                else [
                    "ok",
                    "indefinite",
                    "condition_failed",
                ]
            )
            ending = endings[rng.getrandbits(4) % len(endings)]
            shown = isinstance(operation, Get) or ending == "condition_failed"
            if judge.ended(request, ending, stored() if shown else None) is not None:
                return True
        elif len(running) < 4:
            number += 1
            kind, conditional = rng.getrandbits(2), bool(rng.getrandbits(1))
            expected = values[rng.getrandbits(2)] if conditional else None
            if kind == 0:
                operation = Get(b"k", strong=True)
            elif kind == 1:
                operation = Delete(b"k", conditional, expected)
            else:
                operation = Put(b"k", {"v": str(rng.getrandbits(2) % 3)}, conditional, expected)
            running[number] = operation
            judge.invoked(number, operation)
    return any(judge.ended(request, "indefinite", None) is not None for request in sorted(running))


def test_leaving_lost_writes_aside_changes_no_verdict() -> None:
    verdicts = [0, 0]
    for seed in range(6_000):
        objected = verdict(Judge(), seed)
        assert objected == verdict(Unreduced(), seed), seed
        verdicts[objected] += 1
    assert min(verdicts) > 500
