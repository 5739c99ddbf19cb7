"""`check` with `--object`, `--initial` and `--failed-cas`: what every format can say, and what is refused."""

import json
from pathlib import Path

import pytest

from dynaproof.checkers.histories import parse
from dynaproof.checkers.histories.edn import element
from dynaproof.checkers.histories.edn_values import Character, EdnMap, Keyword, Symbol, Tagged, edn_text
from dynaproof.checkers.linearizability import check
from dynaproof.cli import main
from dynaproof.specs.history import HistoryError


def events(*rows: tuple[int, str, str, str]) -> str:
    """Jepsen's events, by process, function, asked and answered (`!`: failed, `?`: unknown)."""
    told = []
    for process, function, asked, answered in rows:
        kind = {"!": "fail", "?": "info"}.get(answered, "ok")
        found = asked if answered in {"!", "?"} else answered
        told.append(f"{{:process {process}, :type :invoke, :f :{function}, :value {asked}}}")
        told.append(f"{{:process {process}, :type :{kind}, :f :{function}, :value {found}}}")
    return "\n".join(told) + "\n"


OF_OBJECTS = {
    "a queue": ("queue",
        [(0, "enqueue", "1", "1"), (0, "enqueue", "2", ":ok"), (1, "dequeue", "nil", "1")], 0),
    "a queue out of order": (
        "queue", [(0, "enqueue", "1", "1"), (0, "enqueue", "2", "2"), (1, "dequeue", "nil", "2")], 1),
    "a dequeue that failed": ("queue", [(0, "enqueue", "1", "1"), (1, "dequeue", "nil", "!")], 0),
    "a stack": ("stack", [(0, "push", "1", "1"), (0, "push", "2", "2"), (1, "pop", "nil", "2")], 0),
    "a stack as a queue": ("stack",
        [(0, "push", "1", "1"), (0, "push", "2", "2"), (1, "pop", "nil", "1")], 1),
    "an empty stack": ("stack", [(0, "pop", "nil", "nil")], 0),
    "a set, read as a vector": ("set",
        [(0, "add", "1", "1"), (0, "add", ":b", "nil"), (1, "read", "nil", "[:b 1]")], 0),
    "a set, read as a set": ("set", [(0, "add", "{:a 1}", "1"), (1, "read", "nil", "#{{:a 1}}")], 0),
    "a set that lost": ("set", [(0, "add", "1", "1"), (0, "add", "2", "2"), (1, "read", "nil", "#{2}")], 1),
    "a set, an add unknown": ("set", [(0, "add", "1", "?"), (1, "read", "nil", "#{}")], 0),
    "a set, an add failed": ("set", [(0, "add", "1", "!"), (1, "read", "nil", "#{1}")], 1),
    "a counter": ("counter", [(0, "add", "2", "2"), (0, "add", "-1", "nil"), (1, "read", "nil", "1")], 0),
    "a counter that lost": ("counter", [(0, "add", "2", "2"), (1, "read", "nil", "0")], 1),
    "a mutex": ("mutex",
        [(0, "acquire", "nil", "nil"), (1, "acquire", "nil", "!"), (0, "release", "nil", "true"),
                          (1, "acquire", "nil", "nil")], 0),
    "a mutex held twice": ("mutex", [(0, "acquire", "nil", "nil"), (1, "acquire", "nil", "nil")], 1),
    "a mutex released unheld": ("mutex", [(0, "release", "nil", "nil")], 1),
    "a register of maps": ("register",
        [(0, "write", "{:a 1, :b 2}", "nil"), (0, "read", "nil", "{:b 2, :a 1}")], 0),
    "a register of instants": (
        "register", [(0, "write", '#inst "2026"', "nil"), (0, "read", "nil", '"2026"')], 1),
    "a register of not numbers": ("register", [(0, "write", "##NaN", "nil"), (0, "read", "nil", "##NaN")], 0),
}  # fmt: skip


@pytest.mark.parametrize("form", ["lines", "vector", "records"])
@pytest.mark.parametrize("name", OF_OBJECTS)
def test_object_in_edn_gets_its_verdict(name: str, form: str, tmp_path: Path, capsys) -> None:
    thing, rows, code = OF_OBJECTS[name]
    text = events(*rows)
    if form == "vector":
        text = f"[{text}]"
    elif form == "records":
        text = "".join(f"#jepsen.history.Op{one}\n" for one in text.splitlines())
    file, again = tmp_path / "history.edn", tmp_path / "core.edn"
    file.write_text(text)
    assert main(["check", str(file), "--object", thing, "--core", str(again), "--json"]) == code
    assert json.loads(capsys.readouterr().out)["cause"] or not code
    if code:
        assert main(["check", str(again), "--object", thing]) == 1
        lines = tmp_path / "core.jsonl"
        assert main(["check", str(file), "--object", thing, "--core", str(lines)]) == 1
        assert main(["check", str(lines), "--object", thing]) == 1


@pytest.mark.parametrize(
    ("thing", "rows", "complaint"),
    [
        ("queue", [(0, "write", "1", "1")], "history:1: unknown function :write; known: dequeue, enqueue"),
        (None, [(0, "enqueue", "1", "1")], "history:1: unknown function :enqueue; known: append, cas"),
        ("counter", [(0, "add", '"a"', "1")], "history:1: add: its value is not an integer"),
        ("set", [(0, "read", "nil", "3")], "history:1: read: its value is neither a set nor a list"),
        ("string", [(0, "write", "1", "1")], "history:1: write: its value is not a string"),
    ],
)
def test_object_that_does_not_fit_is_refused(thing, rows, complaint: str, tmp_path: Path, capsys) -> None:
    file = tmp_path / "history"
    file.write_text(events(*rows))
    assert main(["check", str(file), *(["--object", thing] if thing else [])]) == 2
    assert complaint in capsys.readouterr().err


OURS = '{"process":0,"f":"%s","key":"k","value":%s,"call":0,"return":1}\n'
LOG = "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t%s\n"


@pytest.mark.parametrize(
    ("text", "thing", "initial"),
    [
        (events((0, "read", "nil", "0")), "register", "0"),
        (events((0, "read", "nil", "{:a [1 2]}")), "register", "{:a [1 2]}"),
        (events((0, "cas", "[0 1]", "true"), (0, "read", "nil", "1")), "register", "0"),
        (events((0, "read", "[1 nil]", "[1 0]"), (0, "read", "[2 nil]", "[2 0]")), "register", "0"),
        (OURS % ("read", "0"), "register", "0"),
        (OURS % ("read", '{"a":1}'), "register", '{"a": 1}'),
        (LOG % 0, "register", "0"),
        (OURS % ("read", '"ab"'), "string", '"ab"'),
        (OURS % ("dequeue", "7"), "queue", "[7, 8]"),
        (OURS % ("pop", "8"), "stack", "[7, 8]"),
        (OURS % ("read", "[8, 7]"), "set", "[7, 8]"),
        (events((0, "read", "nil", "#{7 8}")), "set", "#{7 8}"),
        (OURS % ("read", "5"), "counter", "5"),
    ],
)
def test_every_object_can_begin_with_a_value_of_its_format(
    text: str, thing: str, initial: str, tmp_path: Path, capsys
) -> None:
    file, order, core = tmp_path / "history", tmp_path / "order", tmp_path / "core"
    file.write_text(text)
    options = ["--object", thing, "--initial", initial]
    assert main(["check", str(file), "--object", thing, "--core", str(core)]) == 1
    assert main(["check", str(file), *options, "--certificate", str(order)]) == 0
    assert main(["verify-certificate", str(file), str(order), *options]) == 0
    capsys.readouterr()
    assert main(["verify-certificate", str(file), str(order)]) == 0
    assert f"linearizable from the initial value {initial}, by this" in capsys.readouterr().out
    claim = json.loads(order.read_text())
    assert claim["initial"] == initial
    order.write_text(json.dumps(claim | {"initial": None}))
    assert main(["verify-certificate", str(file), str(order)]) == 1
    assert main(["verify-certificate", str(file), str(order), *options]) == 2
    assert f"--initial is {initial}, but {order} is for no initial value" in capsys.readouterr().err


def test_certificate_is_for_its_own_initial_value_only(tmp_path: Path, capsys) -> None:
    file, order = tmp_path / "history", tmp_path / "order"
    file.write_text(events((0, "write", "1", "1")))
    assert main(["check", str(file), "--initial", "#{1 2}", "--certificate", str(order)]) == 0
    for initial, code in (("#{2 1}", 0), ("#{1}", 2), ("nil", 2)):
        assert main(["verify-certificate", str(file), str(order), "--initial", initial]) == code
    assert "--initial is nil, but " in capsys.readouterr().err
    order.write_text(json.dumps(json.loads(order.read_text()) | {"initial": "{"}))
    assert main(["verify-certificate", str(file), str(order)]) == 2
    assert "order: initial: '{' is not EDN" in capsys.readouterr().err


def test_initial_value_is_told_and_shrunk_like_a_write(tmp_path: Path, capsys) -> None:
    file, core = tmp_path / "history", tmp_path / "core.edn"
    file.write_text(events((0, "write", "1", "1"), (1, "read", "nil", "0"), (1, "read", "nil", "1")))
    assert main(["check", str(file), "--initial", "0", "--core", str(core), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["cause"], answer["operations"], answer["witness"]) == ("stale read", 3, [3, 1])
    assert answer["sentence"] == (
        "read #3 returned 0, but write #1 of 1 had ended before it began, and the initial write of 0 "
        "had ended before write #1 began"
    )
    assert main(["check", str(core), "--initial", "0"]) == 1


@pytest.mark.parametrize(
    ("thing", "initial", "complaint"),
    [
        ("mutex", "1", "the object mutex always begins alike"),
        ("counter", '"x"', "a counter begins as an integer"),
        ("queue", "3", "a queue begins as a list of values"),
        ("register", "{", "'{' is not JSON"),
    ],
)
def test_beginning_that_does_not_fit_is_refused(
    thing: str, initial: str, complaint: str, tmp_path: Path, capsys
) -> None:
    file = tmp_path / "history"
    file.write_text(
        OURS % ({"mutex": "acquire", "counter": "add", "queue": "enqueue"}.get(thing, "write"), 1)
    )
    assert main(["check", str(file), "--object", thing, "--initial", initial]) == 2
    assert complaint in capsys.readouterr().err


def test_what_a_failed_cas_says_is_the_rule_of_the_format_or_of_an_option(tmp_path: Path, capsys) -> None:
    rows = {
        "edn": (events((0, "write", "1", "1"), (1, "cas", "[1 2]", "!")), 0),
        "jepsen-log": (
            "".join(
                f"INFO  jepsen.util - {process}\t:{kind}\t:{function}\t{value}\n"
                for process, function, value, end in [(0, "write", "1", "ok"), (1, "cas", "[1 2]", "fail")]
                for kind in ("invoke", end)
            ),
            1,
        ),
        "json": (
            OURS % ("write", 1)
            + '{"process":1,"f":"cas","key":"k","value":[1,2],"call":5,"return":6,"ok":false}\n',
            1,
        ),
    }
    for name, (text, code) in rows.items():
        file = tmp_path / name
        file.write_text(text)
        assert main(["check", str(file)]) == code, name
        assert main(["check", str(file), "--failed-cas", "differed"]) == 1, name
        assert main(["check", str(file), "--failed-cas", "nothing"]) == 0, name
    assert main(["check", str(tmp_path / "edn"), "--failed-cas", "maybe"]) == 2
    assert "--failed-cas maybe is unknown" in capsys.readouterr().err


VECTORS_OR_TUPLES = events((0, "write", "[1 2]", "[1 2]"), (1, "cas", "[[1 2] [3 4]]", "true"))
OF_TWO_KEYS = events((0, "cas", "[1 [nil 2]]", "true"), (1, "cas", "[2 [nil 2]]", "true"))


@pytest.mark.parametrize(("text", "as_tuples", "as_values"), [(VECTORS_OR_TUPLES, 1, 0), (OF_TWO_KEYS, 0, 1)])
def test_vectors_of_two_that_may_be_tuples_or_values_are_judged_as_told(
    text: str, as_tuples: int, as_values: int, tmp_path: Path, capsys
) -> None:
    file = tmp_path / "history"
    file.write_text(text)
    for command in (["check", str(file)], ["check", str(file), "--promise", "eventual"]):
        assert main(command) == 2
        told = capsys.readouterr().err
        assert "history:1: every value is a vector of two" in told
        assert "--independent yes" in told
    for said, code in (("yes", as_tuples), ("no", as_values)):
        options = ["--independent", said]
        order = tmp_path / said
        assert main(["check", str(file), *options, "--certificate", str(order)]) == code
        assert code or main(["verify-certificate", str(file), str(order), *options]) == 0
    assert main(["check", str(file), "--independent", "maybe"]) == 2
    assert "--independent is 'maybe'" in capsys.readouterr().err


def test_a_read_shows_whether_vectors_of_two_are_tuples(tmp_path: Path, capsys) -> None:
    file = tmp_path / "history"
    for asked, answered, code in (("nil", "[3 4]", 0), ("[1 nil]", "[1 2]", 1)):
        file.write_text(VECTORS_OR_TUPLES + events((0, "read", asked, answered)))
        assert main(["check", str(file)]) == code


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (events((0, "write", "[1 2]", "[1 2]"), (0, "write", "3", "3")), "history:3: not a tuple of key and"),
        (events((0, "read", "nil", "[1 2]")), "history:1: not a tuple of key and value"),
        ("{:process 0, :type :invoke, :f :put, :key 1, :value [1 2]}", "history: its keys stand in :key"),
        (OURS % ("write", "[1, 2]"), "history: only in EDN can a value be a tuple"),
        (LOG % 0, "history: only in EDN can a value be a tuple"),
    ],
)
def test_history_without_tuples_is_not_read_as_one_with_them(
    text: str, complaint: str, tmp_path: Path, capsys
) -> None:
    file = tmp_path / "history"
    file.write_text(text)
    assert main(["check", str(file), "--independent", "yes"]) == 2
    assert complaint in capsys.readouterr().err
    assert main(["check", str(file), "--independent", "no"]) in {0, 1}


PRINTED = {
    "1/2": "1/2", "-3/4": "-3/4", "0x1F": "31", "-0xff": "-255", "36rZZ": "1295", "17N": "17", "1.5M": "1.5M",
    "##Inf": "##Inf", "##-Inf": "##-Inf", "##NaN": "##NaN",
    r"\a": r"\a", r"\newline": r"\newline", r"\u0041": r"\A",
    '#inst "2026-01-01T00:00:00.000-00:00"': '#inst "2026-01-01T00:00:00.000-00:00"',
    '#uuid "f81d4fae"': '#uuid "f81d4fae"', "#a.b.Record{:x 1}": "#a.b.Record {:x 1}",
    '#object[java.lang.Object 0x6d53 "java.lang.Object@6d53"]':
        '#object [java.lang.Object 27987 "java.lang.Object@6d53"]',
    "#:a{:b 1, :c/d 2, :_/e 3}": "{:a/b 1, :c/d 2, :e 3}",
    '#"a\\.b"': '#regex "a\\\\.b"', "#'user/x": "#var user/x",
    "#<Thing a thing>": '#object "Thing a thing"',
    "(1 [2 #{3}])": "[1 [2 #{3}]]", "{{:a 1} [2]}": "{{:a 1} [2]}",
    "foo/bar": "foo/bar", "#_ 3 4": "4",
}  # fmt: skip


@pytest.mark.parametrize("text", PRINTED)
def test_what_clojure_prints_is_read_and_printed_again(text: str) -> None:
    value = element(text) if not text.startswith("#_") else element(text.removeprefix("#_ 3 "))
    assert edn_text(value) == PRINTED[text]
    assert element(edn_text(value)) == value
    assert hash(element(edn_text(value))) == hash(value)


@pytest.mark.parametrize(
    "text",
    [
        "017",
        "-08",
        "01.5",
        "+00M",
        "^{:a 1} [1]",
        "^a",
        "'a",
        "`a",
        "@a",
        "~a",
        "{:a 1, :a 2}",
        "{1 2, 1.0 3}",
    ],
)
def test_what_only_a_program_can_say_is_not_read_as_a_value(text: str) -> None:
    """`^{:a 1} [1]` in a map would be read as the value `^` and one more key: another history, silently."""
    with pytest.raises(HistoryError, match=r"f:1: (not EDN|a map that has a key twice)"):
        parse(events((0, "write", text, "nil")).encode(), "f", "edn")
    for number in ("0", "-0", "10", "-10", "0.5", "+5", "0N", "10M", "1e5", "-", "+", "-a", "...", "a'", "/"):
        element(number)


def test_values_of_different_kinds_are_different_values() -> None:
    kinds = [Keyword("a"), Symbol("a"), Character("a"), "a", Tagged("a", "a"), EdnMap({"a": "a"}), ("a",)]
    assert len(dict.fromkeys(kinds)) == len(kinds)
    texts = [":a", "a", r"\a", '"a"', '#a "a"', '{"a" "a"}', '["a"]']
    for text in texts:
        history = parse(events((0, "write", text, "nil"), (0, "read", "nil", text)).encode(), "f", "edn")
        assert check(history).linearizable
        for other in set(texts) - {text}:
            history = parse(events((0, "write", text, "nil"), (0, "read", "nil", other)).encode(), "f", "edn")
            assert not check(history).linearizable, (text, other)


def test_file_without_an_operation_is_no_green_light(tmp_path: Path, capsys) -> None:
    file = tmp_path / "nemesis.edn"
    file.write_text("{:type :info, :f :start, :value nil, :process :nemesis}\n")
    assert main(["check", str(file)]) == 2
    assert "no operation of a client in it: there is nothing to judge" in capsys.readouterr().err
