"""A boto3 session is recorded as the history that it was, against moto's server and a proxy that lies."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from dynaproof.checkers.histories.boto3_recorder import NotRecordableError, Recorder, record
from dynaproof.checkers.linearizability import check
from dynaproof.specs.history import NEVER, Completion

OPERATIONS = 12


@pytest.fixture(scope="module")
def example(root: Path) -> Any:
    spec = importlib.util.spec_from_file_location("record_boto3", root / "examples" / "record_boto3.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_sixteen_threads_against_moto_are_linearizable_and_in_the_fast_class(example: Any) -> None:
    with example.moto_server() as url:
        history = example.session(url, OPERATIONS)
    assert len(history) == example.THREADS * OPERATIONS
    assert {op.process for op in history} == set(range(example.THREADS))
    assert {op.function for op in history} == {"read", "write", "cas", "delete"}
    result = check(history)
    assert result.linearizable, result.sentence
    assert result.algorithm == "zones and sweep"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_stale_reads_of_a_proxy_are_caught_and_shown(example: Any) -> None:
    with example.moto_server() as url, example.stale_proxy(url, 0.3) as proxy:
        history = example.session(proxy, OPERATIONS)
    result = check(history)
    assert result.verdict == "not linearizable"
    assert result.cause in {
        "stale read",
        "new-old inversion",
        "order inversion inside a chain",
        "absent observed while present",
        "unexplained absence",
        "lost update",
    }
    assert len(result.witness) >= 2
    assert any(history[row].function == "read" for row in result.witness)


class Store:
    """Answers each call with what a test says: a response, or an error."""

    class Meta:
        config = Config(retries={"total_max_attempts": 1})

    meta = Meta()

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def describe_table(self, **_: Any) -> dict[str, Any]:
        return {"Table": {"KeySchema": [{"AttributeName": "id"}]}}

    def _answer(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    get_item = put_item = delete_item = _answer


def error(code: str, status: int, **more: Any) -> ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(response, "PutItem")  # type: ignore[arg-type]


KEY = {"id": {"S": "a"}}
ONE, TWO = {**KEY, "n": {"N": "1"}}, {**KEY, "n": {"N": "2"}}
ONE_TEXT, TWO_TEXT = '{"id":{"S":"a"},"n":{"N":"1"}}', '{"id":{"S":"a"},"n":{"N":"2"}}'
CONDITION = "n = :n"


def ticking() -> Callable[[], int]:
    times = iter(range(1_000))
    return lambda: next(times)


def recording(*answers: dict[str, Any] | Exception, **options: Any) -> tuple[Recorder, Store]:
    store = Store(*answers)
    return record(store, clock=ticking(), **options), store


def test_a_conditional_put_is_a_cas_from_what_was_there_and_its_caller_sees_what_it_asked_for() -> None:
    recorder, store = recording({"Attributes": ONE}, {})
    assert recorder.put_item(TableName="t", Item=TWO, ConditionExpression=CONDITION) == {}
    recorder.delete_item(TableName="t", Key=KEY, ConditionExpression=CONDITION)
    assert store.requests[0]["ReturnValues"] == "ALL_OLD"
    assert store.requests[0]["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    first, second = recorder.history()
    assert (first.function, first.expected, first.value) == ("cas", ONE_TEXT, TWO_TEXT)
    assert (second.function, second.expected, second.value) == ("cas", None, None)


def test_a_failed_condition_is_a_read_of_what_it_saw() -> None:
    failed = error("ConditionalCheckFailedException", 400, Item=ONE)
    recorder, _ = recording(failed)
    with pytest.raises(ClientError) as caught:
        recorder.put_item(TableName="t", Item=TWO, ConditionExpression=CONDITION)
    assert "Item" not in caught.value.response  # Its caller did not ask for it.
    (op,) = recorder.history()
    assert (op.function, op.value, op.outcome) == ("read", ONE_TEXT, Completion.OK)


def test_an_error_is_definite_only_if_it_says_that_nothing_was_done() -> None:
    recorder, _ = recording(
        error("ProvisionedThroughputExceededException", 400),
        error("InternalServerError", 500),
        ReadTimeoutError(endpoint_url="here"),
        {},
    )
    for expected in (ClientError, ClientError, ReadTimeoutError):
        with pytest.raises(expected):
            recorder.put_item(TableName="t", Item=ONE)
    recorder.put_item(TableName="t", Item=ONE)
    ops = list(recorder.history())
    outcomes = [op.outcome for op in ops]
    assert outcomes == [Completion.FAILED, Completion.UNKNOWN, Completion.UNKNOWN, Completion.OK]
    assert ops[1].ret == NEVER
    assert [op.process for op in ops] == [0, 0, 1, 2]  # After an unknown outcome a new process goes on.


def test_only_consistent_reads_are_recorded_unless_asked_for() -> None:
    recorder, _ = recording({"Item": ONE}, {"Item": ONE})
    recorder.get_item(TableName="t", Key=KEY)
    recorder.get_item(TableName="t", Key=KEY, ConsistentRead=True)
    assert [op.value for op in recorder.history()] == [ONE_TEXT]
    recorder, _ = recording({}, eventual=True)
    recorder.get_item(TableName="t", Key=KEY)
    assert [op.value for op in recorder.history()] == [None]


def test_unique_values_are_an_attribute_of_their_own_and_never_the_same() -> None:
    recorder, store = recording({}, {}, unique="mark")
    recorder.put_item(TableName="t", Item=ONE)
    recorder.put_item(TableName="t", Item=ONE)
    marks = [request["Item"]["mark"]["S"] for request in store.requests]
    assert len(set(marks)) == 2
    assert "mark" not in ONE
    assert len({op.value for op in recorder.history()}) == 2


def test_what_cannot_be_recorded_is_refused() -> None:
    retrying = boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with pytest.raises(NotRecordableError, match="total_max_attempts"):
        record(retrying)
    retrying.close()
    recorder, _ = recording()
    with pytest.raises(NotRecordableError, match="update_item"):
        recorder.update_item(TableName="t")
