"""`check` on each format as others write it: plain, compressed, in any order, with what may be left out."""

import gzip
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import zstandard

from dynaproof.checkers.whole_file import write_whole
from dynaproof.cli import main

PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def line(process: int, f: str, value: object, call: int, ret: int | None, **more: object) -> str:
    """An operation on the key k, in our format."""
    fields = {"process": process, "f": f, "key": "k", "value": value, "call": call, "return": ret}
    return json.dumps({name: field for name, field in fields.items() if field is not ...} | more) + "\n"


def event(kind: str, f: str, value: str, process: object, **more: object) -> str:
    """An event of Jepsen's, of Porcupine's with a :key."""
    fields = [("type", f":{kind}"), ("f", f":{f}"), ("value", value), ("process", process), *more.items()]
    return "{" + ", ".join(f":{name} {field}" for name, field in fields) + "}\n"


def logged(process: object, kind: str, f: str, value: str) -> str:
    """A line of Jepsen's text logs."""
    return f"INFO  jepsen.util - {process}\t:{kind}\t:{f}\t{value}\n"


ABSENT_SEEN = [
    line(0, "write", 1, 0, 10),
    line(1, "cas", [2, 3], 20, 30, ok=False, seen=None),
    line(0, "read", 1, 40, 50),
]
SEEN_MISSING = [*ABSENT_SEEN[::2], line(1, "cas", [2, 3], 20, 30, ok=False)]
LATER_APPLIED = [
    line(0, "write", 1, 0, 10),
    line(1, "cas", [1, 2], 5, None),
    line(0, "read", 1, 20, 30),
    line(2, "read", 2, 40, 50),
]
JEPSEN_OK = [
    event("invoke", "write", "1", 0, time=1),
    event("invoke", "cas", "[1 2]", 1, time=2),
    event("info", "start", "nil", ":nemesis", time=3),
    event("ok", "write", "1", 0, time=4),
    event("info", "cas", "[1 2]", 1, time=5, error=":timed-out"),
    event("invoke", "cas", "[7 8]", 3, time=6),
    event("fail", "cas", "[7 8]", 3, time=7),
    event("invoke", "read", "nil", 0, time=8),
    event("ok", "read", "2", 0, time=9),
]
JEPSEN_LOG_OK = [
    logged(0, "invoke", "write", "1"),
    logged(1, "invoke", "cas", "[1 2]"),
    logged(":nemesis", "info", "start", "nil"),
    logged(0, "ok", "write", "1"),
    logged(1, "info", "cas", ":timed-out"),
    logged(0, "invoke", "read", "nil"),
    logged(0, "ok", "read", "2"),
]
TUPLES_OK = [
    event("invoke", "write", "[1 5]", 0),
    event("invoke", "cas", "[2 [5 6]]", 1),
    event("ok", "write", "[1 5]", 0),
    event("fail", "cas", "[2 [5 6]]", 1),
    event("invoke", "read", "[1 nil]", 1),
    event("ok", "read", "[1 5]", 1),
]
PORCUPINE_OK = [
    event("invoke", "append", '"x"', 0, key='"a"'),
    event("invoke", "put", '"z"', 1, key='"b"'),
    event("ok", "append", '"x"', 0, key='"a"'),
    event("ok", "put", '"z"', 1, key='"b"'),
    event("invoke", "get", "nil", 0, key='"a"'),
    event("ok", "get", '"x"', 0, key='"a"'),
]

HISTORIES: dict[str, tuple[Sequence[str], int]] = {
    "ours: null was seen, where a value was": (ABSENT_SEEN, 1),
    "ours: what was seen is missing": (SEEN_MISSING, 0),
    "ours: missing, and it cannot have failed": (
        [*ABSENT_SEEN[::2], line(1, "cas", [1, 3], 20, 30, ok=False)],
        1,
    ),
    "ours: absent and null are one": ([line(0, "read", None, 0, 1), line(0, "write", None, 2, 3)], 0),
    "ours: put-if-absent twice": ([line(i, "cas", [None, i], 9 * i, 9 * i + 1, ok=True) for i in (1, 2)], 1),
    "ours: a conditional delete between": (
        [
            line(1, "cas", [None, 1], 0, 1, ok=True),
            line(1, "cas", [1, None], 2, 3, ok=True),
            line(1, "cas", [None, 2], 4, 5, ok=True),
        ],
        0,
    ),
    "ours: unknown, applied later": (LATER_APPLIED, 0),
    "ours: unknown, applied and undone": ([*LATER_APPLIED, line(3, "read", 1, 60, 70)], 1),
    "ours: a failed cas that would have applied did not happen": (
        [line(0, "write", 1, 0, 10), line(1, "cas", [1, 3], 20, 30, happened=False)],
        0,
    ),
    "ours: pending, without values": ([line(0, "read", ..., 0, None), line(1, "delete", ..., 0, None)], 0),
    "jepsen: a register": (JEPSEN_OK, 0),
    "jepsen: a failed cas that would have applied says nothing": (
        [*JEPSEN_OK[:1], JEPSEN_OK[3], event("invoke", "cas", "[1 8]", 3), event("fail", "cas", "[1 8]", 3)],
        0,
    ),
    "jepsen: a failed cas that would have applied, and saw something": (
        [
            *JEPSEN_OK[:1], JEPSEN_OK[3], event("invoke", "cas", "[1 8]", 3),
            event("fail", "cas", "[1 8]", 3, seen=2),
        ],
        1,
    ),
    "jepsen: a failed cas that would have applied, and differed": (
        [
            *JEPSEN_OK[:1], JEPSEN_OK[3], event("invoke", "cas", "[1 8]", 3),
            event("fail", "cas", "[1 8]", 3, differed="true"),
        ],
        1,
    ),
    "jepsen: completions of other values": (
        [
            event("invoke", "write", "42", 0), event("ok", "write", '"OK"', 0),
            event("invoke", "cas", "[42 43]", 0), event("ok", "cas", "true", 0),
            event("invoke", "read", "nil", 0), event("ok", "read", "43", 0),
        ],
        0,
    ),
    "jepsen: tuples, and a read that ends with nil": (
        [*TUPLES_OK, event("invoke", "read", "[3 nil]", 1), event("ok", "read", "nil", 1)],
        0,
    ),
    "jepsen: tuples, and a read that ends with nil, where a value is": (
        [*TUPLES_OK, event("invoke", "read", "[1 nil]", 1), event("ok", "read", "nil", 1)],
        1,
    ),
    "jepsen: a write after the read that saw it": (
        [event("invoke", "read", "nil", 0), event("ok", "read", "1", 0), event("invoke", "write", "1", 0)],
        1,
    ),
    "jepsen: one vector": (["[", *JEPSEN_OK, "]\n"], 0),
    "jepsen: records": ([f"#jepsen.history.Op{text}" for text in JEPSEN_OK], 0),
    "jepsen: tuples": (TUPLES_OK, 0),
    "jepsen: tuples, of the other key": (
        [*TUPLES_OK, event("invoke", "read", "[2 nil]", 1), event("ok", "read", "[2 5]", 1)],
        1,
    ),
    "jepsen log": (JEPSEN_LOG_OK, 0),
    "jepsen log: the read of what nobody wrote": ([*JEPSEN_LOG_OK[:-1], logged(0, "ok", "read", "3")], 1),
    "jepsen log: a failed cas that would have applied": (
        [*JEPSEN_LOG_OK[::3][:2], logged(2, "invoke", "cas", "[1 3]"), logged(2, "fail", "cas", "[1 3]")],
        1,
    ),
    "porcupine": (PORCUPINE_OK, 0),
    "porcupine: an append is lost": (
        [
            *PORCUPINE_OK[:4],
            event("invoke", "get", '""', 0, key='"a"'),
            event("ok", "get", '""', 0, key='"a"'),
        ],
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("name", HISTORIES)
def test_history_of_each_format_gets_its_verdict(name: str, packing: str, tmp_path: Path, capsys) -> None:
    lines, code = HISTORIES[name]
    file = tmp_path / "history"
    file.write_bytes(PACKED[packing]("".join(lines).encode()))
    assert main(["check", str(file), "--json"]) == code
    assert json.loads(capsys.readouterr().out)["verdict"] == ("not linearizable" if code else "linearizable")


@pytest.mark.parametrize("name", [name for name in HISTORIES if name.startswith("ours")])
def test_the_order_of_lines_is_of_no_consequence(name: str, tmp_path: Path, capsys) -> None:
    lines, code = HISTORIES[name]
    file = tmp_path / "history"
    for order in itertools.permutations(lines):
        file.write_text("".join(order))
        assert main(["check", str(file), "--json"]) == code
        answer = json.loads(capsys.readouterr().out)
        if name == "ours: null was seen, where a value was":
            # The witness are lines of the file as it is.
            assert '"cas"' in order[answer["witness"][0] - 1]


@pytest.mark.parametrize("name", [name for name, (_, code) in HISTORIES.items() if code])
def test_core_of_each_format_is_not_linearizable_either(name: str, tmp_path: Path, capsys) -> None:
    file, core = tmp_path / "history", tmp_path / "core"
    file.write_text("".join(HISTORIES[name][0]))
    assert main(["check", str(file), "--core", str(core)]) == 1
    assert main(["check", str(core)]) == 1
    assert len(core.read_text().splitlines()) <= len(HISTORIES[name][0])


@pytest.mark.parametrize("name", [name for name, (_, code) in HISTORIES.items() if not code])
def test_certificate_of_each_format_is_verified(name: str, tmp_path: Path, capsys) -> None:
    file, order = tmp_path / "history", tmp_path / "order"
    file.write_text("".join(HISTORIES[name][0]))
    assert main(["check", str(file), "--certificate", str(order)]) == 0
    assert main(["verify-certificate", str(file), str(order)]) == 0


def test_hundredth_of_a_second_is_not_enough_for_a_hard_history(tmp_path: Path, capsys) -> None:
    """All conditional writes between five values, at once: an order goes through all, and ends in 1."""
    file = tmp_path / "hard"
    pairs = [(old, new) for old in range(5) for new in range(5) if old != new] + [(0, 1)]
    lines = [line(i, "cas", pair, i, 1_000 + i, ok=True) for i, pair in enumerate(pairs)]
    file.write_text(line(99, "write", 0, -2, -1) + "".join(lines) + line(98, "read", 4, 2_000, 2_001))
    assert main(["check", str(file), "--budget-seconds", "0.01", "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verdict"], answer["cause"], answer["witness"]) == ("unknown", None, [])
    assert answer["sentence"].endswith("operations explained when the budget ended (time)")
    assert answer["check_ms"] < 5_000


@pytest.mark.parametrize(
    ("written", "read", "code"),
    [
        (r'"\n"', r'"\n"', 0),
        (r'"\n"', r'"\\n"', 1),
        (r'"\u0041"', '"A"', 0),
        (r'"a\"b"', r'"a\"b"', 0),
        (r'"\ud800"', "1", 2),
    ],
)
def test_string_of_a_log_is_its_letters(written: str, read: str, code: int, tmp_path: Path, capsys) -> None:
    file = tmp_path / "log"
    rows = [("write", written, written), ("read", "nil", read)]
    file.write_text(
        "".join(
            logged(0, kind, f, v) for f, *ends in rows for kind, v in zip(("invoke", "ok"), ends, strict=True)
        )
    )
    assert main(["check", str(file)]) == code


def test_function_of_another_object_is_refused_with_that_object(tmp_path: Path, capsys) -> None:
    for function, given, hint in [
        ("add", None, "set and counter have it: --object set"),
        ("dequeue", None, "queue has it: --object queue"),
        ("acquire", None, "mutex has it: --object mutex"),
        ("fetch", None, "an object of your own can have it: --object FILE.py:NAME"),
        ("cas", "queue", "register has it: --object register"),
        ("read", "queue", "register and string and set and counter have it: --object register"),
    ]:
        file = tmp_path / "history"
        file.write_text(line(0, function, [1, 2], 0, 1, **({"ok": True} if function == "cas" else {})))
        assert main(["check", str(file), *(["--object", given] if given else [])]) == 2
        assert capsys.readouterr().err.rstrip().endswith(f"; {hint}")


def test_written_file_is_the_old_one_or_the_new_one(tmp_path: Path, monkeypatch) -> None:
    file, link = tmp_path / "core", tmp_path / "link"
    write_whole(file, b"old")
    link.symlink_to(file)

    def refused(_file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", refused)
        with pytest.raises(OSError, match="No space left") as full:
            write_whole(link, b"new, and longer")
    assert full.value.filename == str(link), "it is not for the part that nobody asked for"
    assert file.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [file, link]
    write_whole(link, b"new")
    assert (file.read_bytes(), link.is_symlink()) == (b"new", True)
    write_whole(Path("/dev/null"), b"gone")
    assert not Path("/dev/null").is_file()
