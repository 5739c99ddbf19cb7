"""Whatever bytes a reader is given, it gives a history or an error of one line with the file's name."""

from pathlib import Path
from random import Random

import pytest

from dynaproof.checkers.histories import FORMATS, parse
from dynaproof.specs.history import History, HistoryError

FILES = 12_000

JEPSEN_LOG = b"""INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.util - 1\t:invoke\t:cas\t[1 2]
INFO  jepsen.core - nothing of interest
INFO  jepsen.util - 0\t:ok\t:read\t4
INFO  jepsen.util - 1\t:fail\t:cas\t[1 2]
INFO  jepsen.util - 2\t:invoke\t:write\t4
INFO  jepsen.util - 2\t:info\t:write\t:timed-out
"""
EDN = b"""{:type :invoke, :f :cas, :value [1 [2 3]], :process 0, :time 5}
#jepsen.history.Op{:type :info, :f :start, :value #{"n1" "n2"}, :process :nemesis, :time 6}
{:type :ok, :f :cas, :value [1 [2 3]], :process 0, :time 7}
{:process 1, :type :invoke, :f :append, :key "0", :value "x"} ; a comment
"""
JSON = b"""{"process":0,"f":"write","key":"k","value":[1,{"a":"b"}],"call":0,"return":10}
{"process":1,"f":"cas","key":"k","value":[null,2],"call":0,"return":10,"ok":false,"seen":3}
{"process":2,"f":"read","key":"k","value":null,"call":20,"return":null}
"""
PIECES = [
    b"{", b"}", b'"', b"[", b"]", b"(", b"null", b"nil", b":", b"\n", b"\\", b"-1", b"1.5", b"true", b"#_",
    b"#{", b"99999999999999999999", b"\xff", b"\x00",
]  # fmt: skip

HOSTILE = [
    b'{"process":0,"f":"write","key":"k","value":'
    + b"[" * 100_000
    + b"]" * 100_000
    + b',"call":1,"return":2}',
    b"{:type :invoke, :f :write, :value " + b"[" * 100_000 + b"1" + b"]" * 100_000 + b", :process 0}",
    b"{:type :invoke, :f :read, :value nil, :process 0, :time " + b"9" * 30 + b"}",
    b"{:type :invoke, :f :read, :value nil, :process " + b"9" * 30 + b"}",
    b"{:type :invoke, :f :write, :process 0, :value " + b"9" * 5_000 + b"}",
    b"{:type :invoke, :f :write, :process 0, :value #{{1 2 3}}}",
    b"{:type :invoke, :f :write, :process 0, :value 1/0}",
    b"{:type :invoke, :f :write, :process 0, :value \\noletter}",
    b"{:type :invoke, :f :write, :process 0, :value 3r9}",
    b"{:type :info, :f :start, :value nil, :process :nemesis}",
    b"INFO  jepsen.util - " + b"9" * 30 + b"\t:invoke\t:read\tnil",
    b"INFO  jepsen.util - 0\t:invoke\t:write\t" + b"9" * 5_000 + b"\n",
    b'{"process":' + b"9" * 5_000 + b',"f":"write","key":"k","value":1,"call":1,"return":2}',
    b'{"process":0,"f":"write","key":"k","value":"\\ud800","call":1,"return":2}',
    b'{"process":0,"f":"write","key":"k","value":1,"call":1,"return":2,"un\\nknown":1}',
]


def told(data: bytes, format_name: str | None) -> str:
    """What is said of a file; whatever else is raised is the reader's bug."""
    try:
        assert isinstance(parse(data, "some.file", format_name), History)
    except HistoryError as error:
        message = str(error)
        assert message.startswith("some.file:")
        assert "\n" not in message
        return message
    return ""


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_file_is_refused(data: bytes) -> None:
    assert told(data, None)


def test_damaged_files_are_read_or_refused(root: Path) -> None:
    chance, seeds = Random(1), [JEPSEN_LOG, EDN, JSON]
    refused = 0
    for number in range(FILES):
        data = bytearray(seeds[number % 3])
        for _ in range(1 + number % 3):
            at = chance.getrandbits(16) % (len(data) + 1)
            other = chance.getrandbits(16) % (len(data) + 1)
            match chance.getrandbits(8) % 4:
                case 0:
                    del data[at : at + other % 20]
                case 1:
                    data[at:at] = PIECES[other % len(PIECES)]
                case 2:
                    data[at:at] = data[other : other + 30]
                case _:
                    del data[max(at, 1) :]
        refused += bool(told(bytes(data), None if number % 4 else list(FORMATS)[number % 3]))
    assert FILES // 4 < refused < FILES
