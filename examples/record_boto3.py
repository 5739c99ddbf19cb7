"""Sixteen threads use DynamoDB through boto3; what they saw is recorded and checked.

    ./run python examples/record_boto3.py                    # moto's server, on this machine
    ./run python examples/record_boto3.py --stale 0.02       # behind a proxy that serves some reads stale
    ./run python examples/record_boto3.py --out session.jsonl && ./run check session.jsonl

Needs `moto[server]` (among the test dependencies). A store of one's own: `--endpoint http://localhost:8000`.
The verdict is printed, and if it is no, the operations that show it. Exit status 1 if it is no.
"""

import argparse
import http.client
import logging
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from dynaproof.checkers.histories.boto3_recorder import Recorder, record
from dynaproof.checkers.histories.writers import write
from dynaproof.checkers.linearizability import check
from dynaproof.specs.history import History

THREADS = 16
TABLE = "records"
OF_THE_CONNECTION = {"content-length", "transfer-encoding", "connection", "date", "server"}
KEEP_STALE = 3
"""The proxy serves the answer to the same read that was so many different answers ago."""


@contextmanager
def moto_server() -> Iterator[str]:
    """A DynamoDB of moto's in this process; gives its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def stale_proxy(target: str, share: float, seed: int = 1) -> Iterator[str]:
    """A proxy in front of `target` that answers that share of reads with what they once returned."""
    chance, lock = random.Random(seed), threading.Lock()
    answers: dict[bytes, list[tuple[int, list[tuple[str, str]], bytes]]] = {}
    place = urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert place.hostname is not None
            onward = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
            onward.request("POST", self.path, body, dict(self.headers.items()))
            response = onward.getresponse()
            answer = response.status, response.getheaders(), response.read()
            onward.close()
            if self.headers.get("X-Amz-Target", "").endswith(".GetItem"):
                with lock:
                    known = answers.setdefault(body, [])
                    if not known or known[-1][2] != answer[2]:
                        known.append(answer)
                    if len(known) > KEEP_STALE and chance.random() < share:
                        answer = known[-1 - KEEP_STALE]
            self.send_response(answer[0])
            for name, text in answer[1]:
                if name.lower() not in {
                    "content-length",
                    "transfer-encoding",
                    "connection",
                    "date",
                    "server",
                }:
                    self.send_header(name, text)
            self.send_header("Content-Length", str(len(answer[2])))
            self.end_headers()
            self.wfile.write(answer[2])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(endpoint: str) -> Any:
    """A client that does not retry by itself."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="example",
        aws_secret_access_key="example",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=THREADS),
    )


def session(endpoint: str, operations: int, keys: int = 3, seed: int = 1) -> History:
    """Let all threads put, put on conditions, delete and read; gives what they saw."""
    raw = client(endpoint)
    raw.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    recorder = record(raw, unique="written_as")
    threads = [
        threading.Thread(target=_work, args=(recorder, random.Random(seed * 1_000 + n), operations, keys))
        for n in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    raw.delete_table(TableName=TABLE)
    raw.close()
    return recorder.history()


def _work(recorder: Recorder, chance: random.Random, operations: int, keys: int) -> None:
    seen: dict[str, str] = {}
    for number in range(operations):
        name = f"item{chance.randrange(keys)}"
        key, draw = {"id": {"S": name}}, chance.random()
        try:
            if draw < 0.5:
                item = recorder.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")
                seen[name] = item["written_as"]["S"] if item else ""
            elif draw < 0.7:
                recorder.put_item(TableName=TABLE, Item={**key, "number": {"N": str(number)}})
            elif draw < 0.75:
                recorder.delete_item(TableName=TABLE, Key=key)
            elif draw < 0.85 or not seen.get(name):
                recorder.put_item(TableName=TABLE, Item=key, ConditionExpression="attribute_not_exists(id)")
            else:
                recorder.put_item(
                    TableName=TABLE,
                    Item=key,
                    ConditionExpression="written_as = :seen",
                    ExpressionAttributeValues={":seen": {"S": seen[name]}},
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--endpoint", help="a DynamoDB; without it moto's server is started")
    arguments.add_argument("--operations", type=int, default=60, help="per thread")
    arguments.add_argument("--stale", type=float, default=0, help="share of reads served stale")
    arguments.add_argument("--out", type=Path, help="where the history goes, as JSON lines")
    given = arguments.parse_args()
    with ExitStack() as open_until_the_end:
        endpoint = given.endpoint or open_until_the_end.enter_context(moto_server())
        if given.stale:
            endpoint = open_until_the_end.enter_context(stale_proxy(endpoint, given.stale))
        history = session(endpoint, given.operations)
    if given.out:
        write(history, given.out)
    result = check(history)
    print(f"{len(history)} operations on {len(history.keys)} items: {result.verdict} ({result.algorithm})")
    if result.cause is not None:
        print(f"{result.cause}: {result.sentence}")
        for row in result.witness:
            op = history[row]
            times = f"{op.call / 1e6:.3f} to {op.ret / 1e6:.3f} ms"
            print(f"  #{op.line} process {op.process}, {times}: {op.function} {op.value}")
    return 0 if result.linearizable else 1


if __name__ == "__main__":
    raise SystemExit(main())
