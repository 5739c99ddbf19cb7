"""Records what a boto3 DynamoDB client did and saw, from any number of threads of one host, as a history.

    client = boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
    recorder = record(client)
    recorder.put_item(TableName="t", Item={"id": {"S": "a"}, "n": {"N": "1"}})
    check(recorder.history())

Each item is a register whose value is the whole item. What becomes of a call:

| call | operation |
| --- | --- |
| `get_item` with `ConsistentRead` | read; without it nothing is recorded, unless `eventual` is True |
| `put_item` | write; if conditional, and it applied, a cas from what was there before (`ALL_OLD`) |
| `delete_item` | delete; if conditional, and it applied, a cas from what was there before |
| a condition that failed | a read of what it saw (`ReturnValuesOnConditionCheckFailure`) |
| an error that says that nothing was done (4xx) | a definite failure |
| any other error, a time-out | an outcome unknown; a conditional write then counts as a plain one |

So a condition's own text is never judged, only what it saw and did; and a conditional write of unknown
outcome is allowed more than it could do: neither can make a good history bad. All other methods that write
are refused, because it is not known what they leave if their answer is lost.

A client that retries by itself hides operations, so one that does is refused. Values are made unique only if
`unique` names an attribute: every put then carries a string under that name that is never the same, and that
readers see like any other attribute. Times are those of this host's monotonic clock; do not merge the times
of several hosts.
"""

import json
import threading
import time
import uuid
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

from dynaproof.specs.history import History, HistoryBuilder

UNKNOWN_FROM_STATUS: Final = 500
READING: Final = ("query", "scan", "batch_get_item", "transact_get_items", "describe_table", "list_tables")
"""Methods that are passed on and not recorded."""

Clock = Callable[[], int]


class NotRecordableError(Exception):
    """A call, or a client, that no history can be made of."""


def record(
    client: Any, *, unique: str | None = None, eventual: bool = False, clock: Clock = time.monotonic_ns
) -> "Recorder":
    """A recorder around a boto3 DynamoDB client; raises `NotRecordableError` if the client retries."""
    retries = client.meta.config.retries or {}
    if retries.get("total_max_attempts") != 1 and retries.get("max_attempts") != 0:
        raise NotRecordableError(
            'the client retries by itself: make it with Config(retries={"total_max_attempts": 1})'
        )
    return Recorder(client, unique, eventual, clock)


class Recorder:
    """A client that records; for any number of threads. `history` gives what was recorded so far."""

    def __init__(self, client: Any, unique: str | None, eventual: bool, clock: Clock) -> None:
        self.client = client
        self.unique = unique
        self.eventual = eventual
        self._clock = clock
        self._builder = HistoryBuilder()
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._processes = 0
        self._session = uuid.uuid4().hex[:12]
        self._puts = 0
        self._keys: dict[str, tuple[str, ...]] = {}

    def history(self) -> History:
        """What was recorded so far; what has not returned yet has an unknown outcome."""
        with self._lock:
            return self._builder.build()

    def __getattr__(self, name: str) -> Any:
        if name in READING:
            return getattr(self.client, name)
        raise NotRecordableError(f"{name}: what it leaves is not known where its answer is lost")

    def get_item(self, **request: Any) -> Any:
        """As boto3's; recorded if it is strongly consistent, or `eventual` was asked for."""
        if not request.get("ConsistentRead") and not self.eventual:
            return self.client.get_item(**request)
        row = self._call("read", self._key(request["TableName"], request["Key"]), None)
        response = self._attempt(row, self.client.get_item, request)
        self._ok(row, value(response.get("Item")))
        return response

    def put_item(self, **request: Any) -> Any:
        """As boto3's; recorded as a write, or as a cas if it had a condition."""
        if self.unique is not None:
            request = {**request, "Item": {**request["Item"], self.unique: {"S": self._never_the_same()}}}
        return self._write("put_item", request, request["Item"], value(request["Item"]))

    def delete_item(self, **request: Any) -> Any:
        """As boto3's; recorded as a delete, or as a cas to absent if it had a condition."""
        return self._write("delete_item", request, request["Key"], None)

    def _write(self, method: str, request: dict[str, Any], item: dict[str, Any], left: str | None) -> Any:
        conditional = "ConditionExpression" in request or "Expected" in request
        key = self._key(request["TableName"], item)
        wants_old = request.get("ReturnValues", "NONE") == "ALL_OLD"
        wants_seen = request.get("ReturnValuesOnConditionCheckFailure", "NONE") == "ALL_OLD"
        if conditional:
            request = {**request, "ReturnValues": "ALL_OLD", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        row = self._call("delete" if left is None else "write", key, left)
        response = self._attempt(row, getattr(self.client, method), request, wants_seen)
        if not conditional:
            self._ok(row, left)
            return response
        self._applied(row, value(response.get("Attributes") or None), left)
        return response if wants_old else {k: v for k, v in response.items() if k != "Attributes"}

    # ---- the history

    def _call(self, function: str, key: str, left: str | None) -> int:
        with self._lock:
            process = getattr(self._thread, "process", None)
            if process is None:
                process = self._thread.process = self._processes
                self._processes += 1
            return self._builder.call(process, function, key, left, self._clock())

    def _ok(self, row: int, found: str | None) -> None:
        ended = self._clock()
        with self._lock:
            self._builder.ok(row, ended, value=found)

    def _applied(self, row: int, before: str | None, left: str | None) -> None:
        ended = self._clock()
        with self._lock:
            self._builder.becomes(row, "cas", left, expected=before)
            self._builder.ok(row, ended)

    def _attempt(
        self, row: int, send: Callable[..., Any], request: dict[str, Any], wants_seen: bool = True
    ) -> Any:
        """One request; what its error says about the operation is recorded before it is raised."""
        try:
            return send(**request)
        except BaseException as error:
            ended = self._clock()
            with self._lock:
                self._failed(row, ended, error)
            response = getattr(error, "response", None)
            if isinstance(response, dict) and not wants_seen:
                response.pop("Item", None)
            raise

    def _failed(self, row: int, ended: int, error: BaseException) -> None:
        response = getattr(error, "response", None)
        if not isinstance(response, dict):
            if type(error).__name__ == "ParamValidationError":  # It was never sent.
                self._builder.failed(row, ended)
            else:
                self._thread.process = None  # A process that waits for ever issues nothing more.
            return
        code = response.get("Error", {}).get("Code")
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", UNKNOWN_FROM_STATUS)
        if code == "ConditionalCheckFailedException":
            self._builder.becomes(row, "read", value(response.get("Item")))
            self._builder.ok(row, ended)
        elif status < UNKNOWN_FROM_STATUS:
            self._builder.failed(row, ended)
        else:
            self._thread.process = None

    # ---- names and values

    def _never_the_same(self) -> str:
        with self._lock:
            self._puts += 1
            return f"{self._session}-{self._puts}"

    def _key(self, table: str, item: dict[str, Any]) -> str:
        names = self._keys.get(table)
        if names is None:
            schema = self.client.describe_table(TableName=table)["Table"]["KeySchema"]
            names = self._keys[table] = tuple(part["AttributeName"] for part in schema)
        return f"{table} {value({name: item[name] for name in names if name in item})}"


def value(item: dict[str, Any] | None) -> str | None:
    """An item as text, the same for equal items; None is absent."""
    return None if item is None else json.dumps(_plain(item), sort_keys=True, separators=(",", ":"))


def _plain(thing: Any) -> Any:
    """What JSON can say: bytes in base64, sets in order."""
    if isinstance(thing, bytes | bytearray):
        return b64encode(thing).decode()
    if isinstance(thing, dict):
        return {
            name: sorted(map(_plain, part)) if name in {"SS", "NS", "BS"} else _plain(part)
            for name, part in thing.items()
        }
    if isinstance(thing, list | tuple):
        return [_plain(part) for part in thing]
    return thing
