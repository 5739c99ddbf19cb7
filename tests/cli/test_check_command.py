"""`check` and `verify-certificate`: verdicts, exit codes, one object per file, bad input with its line."""

import gzip
import json
import os
import shlex
import threading
from pathlib import Path

import pytest
import zstandard

from dynaproof.cli import main

KEYS = [
    "file", "operations", "keys", "verdict", "cause", "sentence", "witness", "progress", "algorithm",
    "check_ms", "parse_ms", "core", "provenance",
]  # fmt: skip

WRITE_1 = '{"process":0,"f":"write","key":"k","value":1,"call":0,"return":10}'
WRITE_2 = '{"process":0,"f":"write","key":"k","value":2,"call":20,"return":30}'
READ_1 = '{"process":1,"f":"read","key":"k","value":1,"call":3100030,"return":3100040}'
READ_2 = '{"process":1,"f":"read","key":"k","value":2,"call":3100030,"return":3100040}'


@pytest.fixture
def write(tmp_path: Path):
    def written(*lines: str, name: str = "history.json") -> str:
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return str(path)

    return written


def answers(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_stale_read_is_named_with_its_times_and_lines(write, capsys) -> None:
    file = write(READ_1, WRITE_2, WRITE_1)
    assert main(["check", file, "--json"]) == 1
    (answer,) = answers(capsys)
    assert list(answer) == KEYS
    assert (answer["file"], answer["operations"], answer["keys"]) == (file, 3, 1)
    assert (answer["verdict"], answer["cause"], answer["witness"]) == (
        "not linearizable",
        "stale read",
        [1, 2, 3],
    )
    assert answer["sentence"] == (
        "read #1 returned 1, but write #2 of 2 had ended 3.1 ms before it began, "
        "and write #3 of 1 had ended before write #2 began"
    )


def test_linearizable_history_has_no_cause(write, capsys) -> None:
    assert main(["check", write(WRITE_1, WRITE_2, READ_2), "--json"]) == 0
    (answer,) = answers(capsys)
    assert list(answer) == KEYS
    assert (answer["verdict"], answer["cause"], answer["witness"]) == ("linearizable", None, [])


def test_exit_code_is_that_of_the_worst_file(write, capsys) -> None:
    good = write(WRITE_1, name="good")
    stale = write(WRITE_1, WRITE_2, READ_1, name="stale")
    broken = write("{", name="broken")
    hard = write(*HARD, name="hard")
    limit = ["--budget-mb", "0.0001", "--json"]
    assert main(["check", good, *limit]) == 0
    assert main(["check", good, hard, *limit]) == 3
    assert main(["check", hard, stale, good, *limit]) == 1
    assert main(["check", good, stale, broken, hard, *limit]) == 2
    verdicts = [answer["verdict"] for answer in answers(capsys)]
    assert verdicts == [
        "linearizable",
        *("linearizable", "unknown"),
        *("unknown", "not linearizable", "linearizable"),
        *("linearizable", "not linearizable", "unknown"),
    ]


HARD = [
    f'{{"process":{i},"f":"cas","key":"k","value":[{i % 3 or "null"},{(i + 1) % 3 or "null"}],'
    f'"call":{i},"return":{90 + i},"ok":true}}'
    for i in range(9)
]


def test_unknown_says_how_far_it_came(write, capsys) -> None:
    assert main(["check", write(*HARD), "--budget-mb", "0.0001", "--json"]) == 3
    (answer,) = answers(capsys)
    assert answer["sentence"] == (
        "0 of 9 operations explained when the budget ended (more than 0 configurations)"
    )
    assert main(["check", write(*HARD), "--budget-seconds", "0.000001", "--json"]) == 3
    (answer,) = answers(capsys)
    assert answer["sentence"] == "0 of 9 operations explained when the budget ended (time)"
    assert main(["check", write(*HARD), "--json"]) == 0


def test_a_byte_order_mark_and_carriage_returns_are_passed_over(tmp_path) -> None:
    line = b'{"process":0,"f":"write","key":"k","value":1,"call":-5,"return":1}\r\n'
    event = b"{:process 0, :type :invoke, :f :write, :value 1}\r\n"
    for name, content in {"a.jsonl": line, "a.edn": event}.items():
        file = tmp_path / name
        file.write_bytes(b"\xef\xbb\xbf" + content)
        assert main(["check", str(file)]) == 0


BAD_LINES = {
    "returns before its call": (
        [WRITE_1, '{"process":3,"f":"write","key":"k","value":2,"call":20,"return":19}'],
        "2: returns at 19, before its call at 20",
    ),
    "overlaps its process": (
        [WRITE_1, '{"process":0,"f":"write","key":"k","value":2,"call":5,"return":6}'],
        "2: two operations of process 0 overlap: this one and that in line 1",
    ),
    "goes on after the unknown": (
        ['{"process":0,"f":"delete","key":"k","call":1,"return":null}', WRITE_2],
        "2: process 0 goes on after its operation of unknown outcome in line 1",
    ),
    "unknown function": (
        ['{"process":0,"f":"increment","key":"k","value":1,"call":0,"return":1}'],
        "1: unknown function 'increment'",
    ),
    "cas without a pair": (
        ['{"process":0,"f":"cas","key":"k","value":1,"call":0,"return":1,"ok":true}'],
        "1: the value of a cas is [old, new]",
    ),
    "cas without ok": (
        ['{"process":0,"f":"cas","key":"k","value":[1,2],"call":0,"return":1}'],
        "1: a cas that returned needs ok",
    ),
    "unknown field": ([WRITE_1, WRITE_2[:-1] + ',"ret":3}'], "2: Object contains unknown field `ret`"),
    "missing field": (['{"process":0,"f":"read","key":"k","call":0}'], "1: Object missing required field"),
    "text for a number": ([WRITE_1.replace('"process":0', '"process":"0"')], "1: Expected `int`, got `str`"),
    "a clock on some lines only": (
        [WRITE_1, WRITE_2[:-1] + ',"clock":"position"}'],
        "2: either all lines have the clock position, or none",
    ),
    "not JSON": ([WRITE_1, "{]", WRITE_2], "2: not JSON"),
    "seen by what did not fail": ([WRITE_1[:-1] + ',"seen":3}'], "1: seen is for a failed cas only"),
    "too large a time": ([WRITE_1.replace("10}", f"{2**63}}}")], "1: "),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_bad_line_is_an_error_with_file_and_line(name, write, capsys) -> None:
    lines, message = BAD_LINES[name]
    file = write(*lines)
    assert main(["check", file, "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"dynaproof: {file}:{message}")
    assert err.count("\n") == 1


def refused(file: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["check", file, "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.removeprefix(f"dynaproof: {file}").rstrip("\n")


@pytest.mark.parametrize("event", ["{:process 0, :type :ok}", "{:process 0, :type :ok, :f nil, :value 1}"])
def test_event_without_a_function_is_an_error_with_its_line(event, write, capsys) -> None:
    file = write("{:process 0, :type :invoke, :f :write, :value 1}", event, name="history.edn")
    assert main(["check", file]) == 2
    assert capsys.readouterr().err == f"dynaproof: {file}:2: an event without :f: of which function is it?\n"


def test_truncated_last_line_is_an_error(tmp_path, capsys) -> None:
    whole = f"{WRITE_1}\n{WRITE_2}\n".encode()
    path = tmp_path / "cut"
    for end in range(len(WRITE_1) + 2, len(whole) - 2):
        path.write_bytes(whole[:end])
        assert refused(str(path), capsys) == ":2: the last line is truncated"


def test_truncated_jepsen_files_are_errors(tmp_path, capsys) -> None:
    log = tmp_path / "cut.log"
    log.write_text("INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t1")
    assert refused(str(log), capsys).startswith(":2: the last line is truncated")
    edn = tmp_path / "cut.edn"
    edn.write_text("{:type :invoke, :f :read, :value nil, :process 0}\n{:type :ok, :f :read, :val")
    assert refused(str(edn), capsys) == ":2: the last line is truncated"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_compressed_histories_are_read_and_damaged_ones_refused(pack, tmp_path, capsys) -> None:
    packed = pack(f"{WRITE_1}\n{WRITE_2}\n{READ_1}\n".encode())
    path = tmp_path / "packed"
    path.write_bytes(packed)
    assert main(["check", str(path), "--json"]) == 1
    assert answers(capsys)[0]["operations"] == 3
    for data in [packed[:-5], packed[:-1], packed[:20] + bytes([packed[20] ^ 255]) + packed[21:]]:
        path.write_bytes(data)
        assert "damaged or truncated compressed data" in refused(str(path), capsys)


def test_what_is_no_history_is_refused(tmp_path, write, capsys) -> None:
    assert refused(str(tmp_path / "absent"), capsys) == ": no such file or directory"
    assert refused(str(tmp_path), capsys) == ": is a directory"
    assert refused(write(name="empty"), capsys) == ": empty: it holds no operation"
    assert (
        refused(write("To be or not to be", name="prose"), capsys)
        == ":1: not a history in a format known here"
    )
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00{")
    assert refused(str(tmp_path / "bytes"), capsys) == ":1: not a history in a format known here"


def test_unknown_names_are_refused_with_the_nearest(write, capsys) -> None:
    file = write(WRITE_1)
    assert main(["check", file, "--object", "registr"]) == 2
    assert "did you mean register?" in capsys.readouterr().err
    assert main(["check", file, "--format", "jason"]) == 2
    assert "did you mean json?" in capsys.readouterr().err
    assert main(["check", file, "--object", "queue"]) == 2
    assert "unknown function 'write'" in capsys.readouterr().err
    assert main(["check"]) == 2


def test_core_is_a_history_that_is_not_linearizable_either(write, tmp_path, capsys) -> None:
    others = [
        f'{{"process":{10 + i},"f":"write","key":"k","value":{i},"call":{100 * i},"return":{100 * i + 50}}}'
        for i in range(10, 60)
    ]
    file = write(WRITE_1, *others[:25], WRITE_2, *others[25:], READ_1)
    for name in ["core.json", "core.edn"]:
        core = tmp_path / name
        assert main(["check", file, "--core", str(core), "--json"]) == 1
        assert main(["check", str(core), "--json"]) == 1
        whole, small = answers(capsys)
        assert (whole["operations"], small["operations"]) == (53, 3)
        assert small["cause"] == "stale read"
    core.unlink()
    assert main(["check", write(WRITE_1), "--core", str(core)]) == 0
    assert "no core was written" in capsys.readouterr().err
    assert not core.exists()


def test_certificate_is_verified_and_a_forged_one_refused(write, tmp_path, capsys) -> None:
    file, certificate = write(WRITE_1, READ_2, WRITE_2), tmp_path / "order.json"
    assert main(["check", file, "--certificate", str(certificate)]) == 0
    assert main(["verify-certificate", file, str(certificate)]) == 0
    capsys.readouterr()
    kept = json.loads(certificate.read_text())
    assert kept == {
        "certificate": "linearizable",
        "version": 2,
        "object": "register",
        "initial": None,
        "operations": 3,
        "order": [0, 2, 1],
    }
    for order, reason, line in [
        ([0, 1, 2], "it had returned before an operation in front of it was called", 3),
        ([2, 0, 1], "it had returned before an operation in front of it was called", 1),
        ([0, 2], "an operation that took effect is missing", 2),
        ([0, 2, 1, 1], "an operation stands in it twice", 2),
        ([0, 2, 7], "it names an operation that the history does not have", None),
    ]:
        certificate.write_text(json.dumps(kept | {"order": order}))
        assert main(["verify-certificate", file, str(certificate), "--json"]) == 1
        (answer,) = answers(capsys)
        assert (answer["verified"], answer["reason"], answer["line"]) == (False, reason, line)
    certificate.write_text(json.dumps(kept))
    assert main(["verify-certificate", write(WRITE_1, READ_1, WRITE_2), str(certificate)]) == 1
    assert "history.json:2: not shown by this certificate" in capsys.readouterr().out
    assert main(["verify-certificate", write(WRITE_1), str(certificate)]) == 1
    assert "it is of a history of 3 operations, not 1" in capsys.readouterr().out.replace("\n", " ")
    for text in [
        "",
        "{}",
        '{"order":[1]}',
        json.dumps(kept | {"version": 9}),
        json.dumps(kept | {"order": [-1]}),
        json.dumps(kept).replace("register", "r\xe9gister"),
        "[" * 100_000,
        '{"order":' + "[" * 100_000,
    ]:
        certificate.write_text(text, encoding="latin-1")
        assert main(["verify-certificate", file, str(certificate)]) == 2
        assert f"{certificate}: " in capsys.readouterr().err


OWN_OBJECT = '''
class Light:
    """A lamp with a switch."""

    name = "light"
    functions = ("press", "look")
    reads = ("look",)
    initial = False

    def step(self, state, operation):
        if operation.function == "press":
            return (not state,)
        return (state,) if operation.value == state else ()
'''


def test_object_of_ones_own_is_checked(write, tmp_path, capsys) -> None:
    (tmp_path / "light.py").write_text(OWN_OBJECT)
    name = f"{tmp_path / 'light.py'}:Light"
    press = '{"process":0,"f":"press","key":"k","value":null,"call":1,"return":2}'
    looks = [
        f'{{"process":1,"f":"look","key":"k","value":{v},"call":{3 + i},"return":{3 + i}}}'
        for i, v in enumerate(["true", "true", "false"])
    ]
    certificate, core = str(tmp_path / "order"), str(tmp_path / "core")
    file = write(press, *looks[:2])
    assert main(["check", file, "--object", name, "--certificate", certificate]) == 0
    assert main(["verify-certificate", file, certificate, "--object", name]) == 0
    assert main(["check", write(press, *looks), "--object", name, "--core", core]) == 1
    assert len(Path(core).read_text().splitlines()) == 2
    capsys.readouterr()
    assert main(["check", file, "--object", f"{tmp_path / 'light.py'}:Lamp"]) == 2
    assert "light.py has no Lamp; it has Light" in capsys.readouterr().err
    (tmp_path / "dark.py").write_text(
        "lamp = 1\n\n\nclass Lamp:\n    def step(self, state, operation):\n        return ()\n"
    )
    for other, said in (
        ("lamp", "dark.py:lamp is a int, and an object has name, functions, initial and step ("),
        ("Lamp", "dark.py:Lamp gives a Lamp, and an object has name, functions, initial and step\n"),
    ):
        assert main(["check", file, "--object", f"{tmp_path / 'dark.py'}:{other}"]) == 2
        assert said in capsys.readouterr().err
    assert main(["check", file, "--object", f"{tmp_path / 'dusk.py'}:Lamp"]) == 2
    assert "dusk.py: there is no such file" in capsys.readouterr().err
    assert main(["check", file, "--object", "no_such_module:Light"]) == 2
    assert "cannot import the object" in capsys.readouterr().err


ANOTHER_REGISTER = """
class Register:
    name = {name!r}
    functions, initial = ("read", "write"), None

    def step(self, state, operation):
        return (state,)
"""


def test_object_of_ones_own_under_the_name_of_one_of_ours_is_refused(write, tmp_path, capsys) -> None:
    file, order = write(WRITE_1), tmp_path / "order"
    for name, said in [
        ("register", "calls itself register, as one of ours does"),
        (7, "own_7.py:3: the name 7 is no string"),
    ]:
        own = tmp_path / f"own_{name}.py"
        own.write_text(ANOTHER_REGISTER.format(name=name))
        assert main(["check", file, "--object", f"{own}:Register", "--certificate", str(order)]) == 2
        assert said in capsys.readouterr().err


def test_certificate_is_replayed_with_the_object_that_it_names_and_runs_no_code(
    write, tmp_path, capsys
) -> None:
    file, own, order = write(WRITE_1), tmp_path / "own.py", tmp_path / "order"
    name = f"{own}:Register"
    own.write_text("raise OSError('it was run')\n" + ANOTHER_REGISTER.format(name=name))
    certificate = {"certificate": "linearizable", "version": 2, "object": name, "operations": 1, "order": [0]}
    order.write_text(json.dumps(certificate))
    assert main(["verify-certificate", file, str(order)]) == 2
    assert f"is about the object {name!r}, which is not one of ours" in capsys.readouterr().err
    assert main(["verify-certificate", file, str(order), "--object", "register"]) == 2
    assert f"is about the object {name!r}, not 'register'" in capsys.readouterr().err


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_history_comes_through_a_pipe(pack, tmp_path, capsys) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(
        target=pipe.write_bytes, args=(pack(f"{WRITE_1}\n{READ_1}\n".encode()),), daemon=True
    )
    writer.start()
    assert main(["check", str(pipe), "--initial", "0"]) == 0
    writer.join()
    assert "linearizable (" in capsys.readouterr().out


ENDS = """
import sys
class Stop(BaseException):
    pass
class Object:
    name, functions, initial = "own", ("read", "write"), None
    def step(self, state, operation):
        END
class Unmade(Object):
    def __init__(self):
        END
class Begins(Object):
    @property
    def initial(self):
        END
"""


@pytest.mark.parametrize(
    ("ends", "said"),
    [("sys.exit(0)", "SystemExit: 0"), ("raise Stop(0)", "Stop: 0"), ("raise KeyError(0)", "KeyError: 0")],
)
@pytest.mark.parametrize("place", ["own_FOLDER.py:Object", "own_FOLDER.py:Unmade", "own_FOLDER.py:Begins",
                                   "all_FOLDER.py:Object", "all_FOLDER:Object"])  # fmt: skip
def test_users_code_that_ends_the_process_is_a_mistake_not_a_verdict(
    place, ends, said, write, tmp_path, monkeypatch, capsys
) -> None:
    place = place.replace("FOLDER", tmp_path.name)  # A module is imported once, whatever folder it is in.
    (tmp_path / f"own_{tmp_path.name}.py").write_text(ENDS.replace("END", ends))
    (tmp_path / f"all_{tmp_path.name}.py").write_text(f"{ENDS}\n{ends}\n".replace("END", "pass"))
    monkeypatch.chdir(tmp_path)
    assert main(["check", write(WRITE_1, READ_1), "--object", place]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert place.partition(":")[0] in error
    assert "a bug in dynaproof" not in error


def test_a_file_name_that_is_not_utf_8_is_shown(write, tmp_path, capsys) -> None:
    strange = os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.jsonl")
    os.rename(write(WRITE_1, READ_1), strange)
    order = str(tmp_path / "order")
    assert main(["check", strange, "--certificate", order, "--json"]) == 0
    assert main(["verify-certificate", strange, order, "--json"]) == 0
    for answer in answers(capsys):
        assert answer["file"].endswith("a\\xff.jsonl")


def test_a_weaker_promise_is_judged_from_the_initial_value(tmp_path, capsys) -> None:
    lines = [
        '{"process":0,"f":"read","key":"k","value":0,"call":0,"return":1}',
        '{"process":0,"f":"write","key":"k","value":1,"call":2,"return":3}',
        '{"process":1,"f":"read","key":"k","value":1,"call":4,"return":5}',
    ]
    file = tmp_path / "h.jsonl"
    file.write_text("\n".join(lines) + "\n")
    for promise in ("eventual", "read-your-writes", "monotonic-reads"):
        assert main(["check", str(file), "--promise", promise, "--initial", "0"]) == 0
        assert main(["check", str(file), "--promise", promise]) == (1 if promise == "eventual" else 0)
    file.write_text(
        "\n".join([*lines, lines[0].replace('"call":0,"return":1', '"call":6,"return":7')]) + "\n"
    )
    assert main(["check", str(file), "--promise", "read-your-writes", "--initial", "0"]) == 1
    assert "lines 0" not in capsys.readouterr().out


def test_the_core_of_a_history_with_a_beginning_says_how_to_check_it(tmp_path, capsys) -> None:
    file, core = tmp_path / "h.jsonl", tmp_path / "core.jsonl"
    file.write_text('{"process":0,"f":"read","key":"k","value":1,"call":0,"return":1}\n')
    assert main(["check", str(file), "--initial", "5", "--core", str(core)]) == 1
    assert "with --initial 5 too" in capsys.readouterr().err
    assert main(["check", str(core), "--initial", "5"]) == 1


@pytest.mark.parametrize(
    ("thing", "initial", "row"),
    [
        ("register", '{"a": [1, true]}', '"f":"read","value":1'),
        ("queue", '[{"a": 1}, null]', '"f":"dequeue","value":null'),
        ("set", "[2, 1]", '"f":"read","value":[1]'),
        ("counter", "5", '"f":"read","value":4'),
        ("string", '"it\'s"', '"f":"read","value":"a"'),
    ],
)
@pytest.mark.parametrize("name", ["core.jsonl", "core.edn"])
def test_initial_value_that_a_core_is_said_to_need_is_one_of_its_format(
    thing, initial, row, name, tmp_path, capsys
) -> None:
    file, core = tmp_path / "h.jsonl", tmp_path / name
    file.write_text(f'{{"process":0,{row},"key":"k","call":0,"return":1}}\n')
    options = ["--object", thing, "--initial"]
    assert main(["check", str(file), *options, initial, "--core", str(core)]) == 1
    said = shlex.split(capsys.readouterr().err.splitlines()[-1])
    again = said[said.index("--initial") + 1]
    assert main(["check", str(core), *options, again]) == 1
    assert "core" not in capsys.readouterr().err


def test_control_characters_of_a_history_do_not_reach_the_terminal(tmp_path, capsys) -> None:
    file = tmp_path / "h\x1b[2J.jsonl"
    read = {"process": 0, "f": "read", "key": "k\x1b\n", "value": "a\x1b[31m\nb", "call": 0, "return": 1}
    file.write_text(json.dumps(read) + "\n")
    assert main(["check", str(file)]) == 1
    told = capsys.readouterr().out
    assert "read #1 returned a\\x1b[31m\\nb, but nobody" in told
    assert "h\\x1b[2J.jsonl: not" in told
    file.write_text(json.dumps(read | {"f": "\x1b[31m"}) + "\n" + "{")
    assert main(["check", str(file), str(tmp_path / "no\x9bfile")]) == 2
    assert main(["check", str(file), "--object", "no\x1bobject"]) == 2
    assert main(["check", str(file), "--core", str(tmp_path / "no\x1bfolder" / "core")]) == 2
    out, err = capsys.readouterr()
    assert not set(told + out + err) & {"\x1b", "\x9b"}
    assert "no\\x9bfile" in err


@pytest.mark.parametrize("depth", [600, 5_000])
def test_value_nested_too_deeply_is_refused_with_its_line(depth, write, capsys) -> None:
    value = "[" * depth + "1.0" + "]" * depth
    assert main(["check", write(WRITE_1, WRITE_2.replace(":2", f":{value}", 1))]) == 2
    assert "history.json:2: nested too deeply" in capsys.readouterr().err
    assert main(["check", write(WRITE_1), "--initial", value]) == 2
    assert "--initial: nested too deeply" in capsys.readouterr().err


def test_half_a_surrogate_pair_is_refused_and_a_whole_one_is_its_character(tmp_path, capsys) -> None:
    def history(written: str, read: str) -> str:
        return (
            f'{{:type :invoke, :f :write, :value "{written}", :process 0}}\n'
            f'{{:type :ok, :f :write, :value "{written}", :process 0}}\n'
            "{:type :invoke, :f :read, :value nil, :process 0}\n"
            f'{{:type :ok, :f :read, :value "{read}", :process 0}}\n'
        )

    file = tmp_path / "h.edn"
    file.write_text(history("\\ud83d\\ude00", "\N{GRINNING FACE}"))
    assert main(["check", str(file)]) == 0
    file.write_text(history("\\ud801", "a"))
    assert main(["check", str(file)]) == 2
    assert "h.edn:1: half of a surrogate pair" in capsys.readouterr().err


def test_a_sum_of_thousands_of_digits_is_explained(tmp_path, capsys) -> None:
    most = "9" * 4_300
    add = f'{{"process":0,"f":"add","key":"k","value":{most},"call":%d,"return":%d}}'
    read = f'{{"process":0,"f":"read","key":"k","value":{most},"call":5,"return":6}}'
    file = tmp_path / "h.jsonl"
    file.write_text("\n".join([add % (1, 2), add % (3, 4), read]) + "\n")
    assert main(["check", str(file), "--object", "counter"]) == 1
    assert "lost add" in capsys.readouterr().out


def test_a_stack_of_absences_is_not_said_to_be_full(tmp_path, capsys) -> None:
    names = ["push", "push", "pop", "pop", "pop"]
    values = ["null", "1", "null", "1", "1"]
    lines = [
        f'{{"process":0,"f":"{name}","key":"k","value":{value},"call":{2 * i},"return":{2 * i + 1}}}'
        for i, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    file = tmp_path / "h.jsonl"
    file.write_text("\n".join(lines) + "\n")
    assert main(["check", str(file), "--object", "stack"]) == 1
    assert "while it holds" not in capsys.readouterr().out
