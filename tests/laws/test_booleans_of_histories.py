"""Property: `true` is not 1, wherever it stands, for whatever object, in every format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.certificates import CertificateError, verify
from dynaproof.checkers.histories import parse
from dynaproof.checkers.histories.values import freeze, thaw
from dynaproof.checkers.histories.writers import edn, json_lines
from dynaproof.checkers.linearizability import check
from dynaproof.specs.booleans import FALSE, TRUE, distinct
from dynaproof.specs.history import FUNCTIONS, HistoryBuilder
from dynaproof.specs.objects import BEGIN_WITH, OBJECTS, beginning_as

SCALARS = st.sampled_from([True, False, 0, 1, "a", None])
NESTED = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)


def told_apart(value: object) -> object:
    """A value as Python tells it apart, booleans by their name."""
    return tuple(map(told_apart, value)) if isinstance(value, tuple) else (type(value).__name__, value)


def test_booleans_equal_their_own_kind_and_no_number() -> None:
    assert TRUE
    assert not FALSE
    assert TRUE != 1
    assert TRUE != 1
    assert FALSE not in (0, TRUE)
    assert len({TRUE, 1, FALSE, 0}) == 4
    assert len({TRUE, True}) == 1
    assert bool(TRUE)
    assert not FALSE
    assert repr(TRUE) == "True"


@given(NESTED, NESTED)
def test_values_are_equal_exactly_if_they_look_alike(one: object, other: object) -> None:
    assert (distinct(one) == distinct(other)) == (told_apart(one) == told_apart(other))


@given(NESTED)
def test_a_json_value_comes_back_as_it_was(value: object) -> None:
    listed = list(value) if isinstance(value, tuple) else value
    if not isinstance(listed, list):
        assert told_apart(thaw(freeze(listed))) == told_apart(listed)


QUEUES = [  # Two that were put in at once, in either order; what is taken decides which came first.
    pytest.param(1, True, True, id="the number first"),
    pytest.param(True, 1, True, id="the boolean first"),
    pytest.param(1, True, False, id="one of them twice"),
]


@pytest.mark.parametrize("name", ["queue", "stack"])
@pytest.mark.parametrize(("first", "second", "possible"), QUEUES)
def test_a_queue_tells_true_from_one(name: str, first: object, second: object, possible: bool) -> None:
    thing = OBJECTS[name]
    put, take = thing.functions
    builder = HistoryBuilder(functions=(*FUNCTIONS, *thing.functions))
    builder.add(0, put, "k", 1, 0, 2)
    builder.add(1, put, "k", True, 0, 1)
    builder.add(2, take, "k", first, 3, 4)
    builder.add(2, take, "k", second if possible else first, 5, 6)
    assert check(builder.build(), thing).verdict == ("linearizable" if possible else "not linearizable")


@pytest.mark.parametrize(
    ("name", "begins", "function", "same", "others"),
    [
        ("register", True, "read", True, [1]),
        ("register", 1, "read", 1, [True]),
        ("register", (1, True), "read", (1, True), [(1, 1), (True, True)]),
        ("queue", (True,), "dequeue", True, [1]),
        ("stack", ((True,),), "pop", (True,), [(1,)]),
        ("set", (True,), "read", (True,), [(1,)]),
    ],
)
def test_an_object_that_begins_with_true_does_not_begin_with_one(
    name: str, begins: object, function: str, same: object, others: list[object]
) -> None:
    for thing in (beginning_as(OBJECTS[name], begins), BEGIN_WITH[name](begins)):
        for answer in (same, *others):
            builder = HistoryBuilder(functions=thing.functions)
            builder.add(0, function, "k", answer, 1, 2)
            history = builder.build()
            result = check(history, thing)
            assert result.linearizable == (answer is same), answer
            if answer is same:
                assert result.certificate is not None
                verify(history, result.certificate, thing)
            else:
                with pytest.raises(CertificateError):
                    verify(history, [0], thing)


@pytest.mark.parametrize(("read", "verdict"), [("true", "linearizable"), ("1", "not linearizable")])
def test_a_set_tells_true_from_one(read: str, verdict: str) -> None:
    lines = (
        b'{"process":0,"f":"add","key":"k","value":true,"call":1,"return":2}\n'
        b'{"process":0,"f":"read","key":"k","value":[' + read.encode() + b'],"call":3,"return":4}\n'
    )
    thing = OBJECTS["set"]
    history = parse(lines, "h", functions=(*FUNCTIONS, *thing.functions))
    assert check(history, thing).verdict == verdict


@pytest.mark.parametrize("value", ["[true]", "{:leader true}", "#{true}", "true"])
def test_a_value_of_edn_that_holds_true_is_not_one_that_holds_1(value: str) -> None:
    def history(read: str) -> str:
        fields = f":f :write, :value {value}, :process 0"
        return (
            f"{{:type :invoke, {fields}}}\n{{:type :ok, {fields}}}\n"
            "{:type :invoke, :f :read, :value nil, :process 0}\n"
            f"{{:type :ok, :f :read, :value {read}, :process 0}}\n"
        )

    assert check(parse(history(value).encode(), "h")).verdict == "linearizable"
    other = parse(history(value.replace("true", "1")).encode(), "h")
    assert check(other).verdict == "not linearizable"


@given(st.lists(NESTED.map(distinct), min_size=1, max_size=4))
def test_what_is_written_reads_back_with_the_same_values_apart(values: list[object]) -> None:
    builder = HistoryBuilder(clock="position")
    for time, value in enumerate(values):
        builder.add(0, "write", "k", value, 2 * time, 2 * time + 1)
    history = builder.build()
    for data in (json_lines(history), edn(history)):
        back = parse(data, "h")
        codes, again = history.columns.value.tolist(), back.columns.value.tolist()
        assert [codes.index(one) for one in codes] == [again.index(one) for one in again]


def test_numbers_are_equal_as_numbers_alone_and_inside_a_list() -> None:
    assert freeze(1) == freeze(1.0)
    assert freeze([1, {"a": 2.0}]) == freeze([1.0, {"a": 2}])
    assert freeze([1.5]) != freeze([1])


@pytest.mark.parametrize(("one", "other"), [(":a", '"a"'), ("1", '"1"'), ("[1]", '"[1]"')])
def test_keys_of_edn_that_differ_stay_different(one: str, other: str) -> None:
    lines = []
    for process, key in enumerate((one, other)):
        lines += [
            f"{{:type :invoke, :f :write, :value [{key} {process}], :process {process}}}",
            f"{{:type :ok, :f :write, :value [{key} {process}], :process {process}}}",
        ]
    for process, key in enumerate((one, other)):
        lines += [
            f"{{:type :invoke, :f :read, :value [{key} nil], :process {process}}}",
            f"{{:type :ok, :f :read, :value [{key} {process}], :process {process}}}",
        ]
    history = parse("\n".join(lines).encode(), "h")
    assert len(history.keys) == 2
    assert check(history).verdict == "linearizable"
