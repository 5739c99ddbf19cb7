"""What the clients of a run saw, recorded, is judged by the checker as the run's own judge judged it."""

import json

import pytest

from dynaproof.checkers.histories import parse
from dynaproof.checkers.histories.writers import json_lines
from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.linearizability import check
from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.scenarios.catalogue import config_of, execute
from dynaproof.checkers.workloads.client_history import ClientHistory
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Delete, Get, Put
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.notes import Ended, Invoked
from dynaproof.specs.history import Completion, History


def recorded(config: GroupConfig) -> tuple[RunResult, History]:
    clients = ClientHistory()
    return execute(config, (clients,)), clients.history()


@pytest.mark.parametrize("number", range(12))
def test_a_recorded_run_is_linearizable_in_the_fast_class_and_recording_changes_nothing(number: int) -> None:
    config = config_of("partition", "portfolio", 11, number)
    outcome, history = recorded(config)
    assert outcome == execute(config)
    assert outcome.failure is None
    assert len(history) > 0
    result = check(history)
    assert result.linearizable, result.sentence
    assert [list(parse(json_lines(history), "run"))] == [list(history)]


def test_a_recorded_run_with_one_answer_changed_is_refused() -> None:
    _, history = recorded(config_of("partition", "portfolio", 11, 0))
    lines = [json.loads(line) for line in json_lines(history).splitlines()]
    read = next(line for line in lines if line["f"] == "read" and line["return"] is not None)
    read["value"] = "never written"
    changed = "\n".join(map(json.dumps, lines)).encode()
    assert check(parse(changed, "run")).cause == "garbage read"


CLIENT = NodeId("region", "client", "c")
ITEM = {"id": "a", "v": "1"}


def test_each_ending_is_recorded_as_what_it_says() -> None:
    recorder = ClientHistory()
    stored = StoredItem(ITEM, 1, 1)
    script = [
        (Put(b"k", ITEM), "ok", None),
        (Get(b"k", strong=True), "ok", stored),
        (Get(b"k", strong=False), "ok", None),
        (Put(b"k", {"id": "b"}, True, None), "condition_failed", stored),
        (Put(b"k", {"id": "b"}, True, None), "definite", None),
        (Delete(b"k", True, ITEM), "indefinite", None),
        (Get(b"k", strong=True), "ok", None),
    ]
    for number, (operation, ending, observed) in enumerate(script):
        request = RequestId(CLIENT, 1, number)
        recorder.note(Invoked(request, operation, 10 * number), 10 * number)
        recorder.note(Ended(request, ending, 1, observed), 10 * number + 5)
    write, read, failed, undone, lost, last = recorder.history()
    text = '{"id":"a","v":"1"}'
    assert (write.function, write.value, write.call, write.ret) == ("write", text, 0, 5_000)
    assert (read.function, read.value) == ("read", text)
    assert (failed.function, failed.outcome, failed.expected, failed.seen) == (
        "cas",
        Completion.FAILED,
        None,
        text,
    )
    assert (undone.function, undone.outcome) == ("write", Completion.FAILED)
    assert (lost.function, lost.outcome, lost.expected, lost.value) == ("cas", Completion.UNKNOWN, text, None)
    assert (last.process, last.value) == (1, None)
    assert check(recorder.history()).linearizable


def test_what_a_crashed_client_had_under_way_stays_open_and_its_next_life_is_another_process() -> None:
    recorder = ClientHistory()
    for boot in (1, 2):
        request = RequestId(CLIENT, boot, 1)
        recorder.note(Invoked(request, Put(b"k", {"id": str(boot)}), 100), 10 * boot)
        if boot == 1:
            recorder.crashed(CLIENT.address)
            recorder.note(Ended(request, "ok", 1, None), 15)  # Nobody hears it any more.
        else:
            recorder.note(Ended(request, "ok", 2, None), 25)
    first, second = recorder.history()
    assert (first.process, first.outcome) == (0, Completion.UNKNOWN)
    assert (second.process, second.outcome) == (1, Completion.OK)
