"""What a search gives up on after minutes is refuted at once, where a few operations exclude every order."""

import os
from pathlib import Path

import pytest

from dynaproof.checkers.histories import read
from dynaproof.checkers.linearizability import Budget, check
from dynaproof.specs.objects import OBJECTS

SHARED = Path(os.environ.get("DYNAPROOF_SHARED") or Path(__file__).resolve().parents[3] / "shared")
TRIALS = SHARED / "data" / "histories" / "trials"
FEW = Budget(configurations=5_000)

RIGHT = [
    ("queuecrash_12.jsonl", "queue", "linearizable", None),
    ("queuecrash_12_bad.jsonl", "queue", "not linearizable", "value dequeued twice"),
    ("counter_18.jsonl", "counter", "not linearizable", "lost add"),
    ("crashdup_ok.jsonl", "register", "linearizable", None),
    ("crashdup_bad.jsonl", "register", "not linearizable", "garbage read"),
]


@pytest.mark.skipif(not TRIALS.is_dir(), reason="the given histories do not lie beside the project")
@pytest.mark.parametrize(("name", "thing", "verdict", "cause"), RIGHT)
def test_given_history_is_decided_with_few_configurations(
    name: str, thing: str, verdict: str, cause: str | None
) -> None:
    object_ = OBJECTS[thing]
    result = check(read(TRIALS / name, functions=object_.functions), object_, FEW)
    assert (result.verdict, result.cause) == (verdict, cause)
