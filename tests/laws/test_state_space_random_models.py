"""Plain Python and machine code agree on random models: on every state, every count and every error."""

import linecache
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynaproof.checkers.state_space.explore import Exploration
from dynaproof.checkers.state_space.interpreter import Interpreter
from dynaproof.model import language
from dynaproof.model.language import Model, ModelError

MAX_STATES = 400
DECLARATIONS = {
    "count": "Int(-1, 3)",
    "flag": "Bool()",
    "mode": 'Enum("idle", "busy", "done")',
    "last": "Option(Site)",
    "pair": "Option(Tuple(Site, Site))",
    "group": "Set(Site)",
    "sent": "Messages(ask=(Site,), answer=(Site, Site), stop=())",
    "queue": "Seq(Int(0, 2), 2)",
    "level": "Array(Site, Int(0, 2))",
    "grid": "Array(Site, Site, Bool())",
    "held": "Array(Site, Set(Site))",
    "lines": "Array(Site, Seq(Site, 2))",
    "both": "Tuple(Site, Bool())",
    "edges": "Set(Site, Site)",
}
HEADER = """
class Drawn(Model):
    width = Constant(2)
    Site = Range(0, width - 1)

    def doubled(self, n, plus=0):
        if n < 0:
            return plus
        total = n + n
        return total + plus

    def is_odd(self, n):
        return n % 2 == 1
"""


# What may be written about each variable. `<number>` and `<truth>` are any such expression, `<plain>` a
# number without operators, `<site>` an index, `<0..2>` a number that is mostly within these bounds, `<block>`
# a statement.

NUMBERS = {
    "": ["0", "1", "2", "<site>"],
    "count": ["self.count", "self.count"],
    "level": [
        "self.level[<site>]",
        "sum(self.level[v] for v in self.Site)",
        "sum(at * one for at, one in enumerate(self.level))",
        "len([v for v in self.Site if self.level[v] > 0])",
        "min((one for one in self.level if one > 0), default=2)",
    ],
    "group": ["len(self.group)", "sum(v + 1 for v in self.group)", "max(self.group, default=0)"],
    "queue": ["len(self.queue)", "sum(self.queue)", "self.queue[0]", "self.queue[-1]"],
    "last": ["(0 if self.last is None else self.last + 1)"],
    "lines": ["len(self.lines[<site>])"],
    "both": ["self.both[0]", "int(self.both[1])"],
    "edges": ["len(self.edges)", "len({v for v, w in self.edges})"],
}
JOINED_NUMBERS = [
    "(<number> + <number>)", "(<number> - <number>)", "(<number> * 2)", "((<number>) // 2)",
    "((<number>) % 3)", "min(<number>, <number>)", "max(<number>, <number>)", "abs(<number>)",
    "(<number> if <truth> else <number>)", "self.doubled(<number>)", "self.doubled(1, plus=<site>)",
]  # fmt: skip
TRUTHS = {
    "": [f"<plain> {op} <plain>" for op in ("<", "<=", "==", "!=", ">", ">=")],
    "flag": ["self.flag", "not self.flag"],
    "mode": ['self.mode == "busy"', 'self.mode in {"idle", "done"}', 'self.mode != "done"'],
    "last": ["self.last is None", "self.last == <site>"],
    "pair": ["self.pair == (<site>, <site>)", "self.pair is not None and self.pair[0] == 1"],
    "group": ["<site> in self.group", "self.group <= {0}", "self.group == {1}"],
    "sent": [
        '("stop",) in self.sent',
        '("answer", <site>, <site>) in self.sent',
        'any(("answer", <site>, v) in self.sent for v in self.Site)',
    ],
    "queue": ["1 in self.queue", "self.queue == (0, 1)", "self.queue[:1] == (2,)"],
    "level": [
        "any(x == 2 for x in self.level)",
        "all(self.level[v] >= v for v in self.Site)",
        "any(one == other for one, other in zip(self.level, self.Site))",
    ],
    "grid": ["self.grid[<site>][<site>]", "any(self.grid[v, v] for v in self.Site)"],
    "held": ["<site> in self.held[<site>]", "self.held[0] & self.held[1] == set()"],
    "lines": ["self.lines[0] == self.lines[1]"],
    "both": ["self.both[1]", "self.both == (<site>, True)"],
    "edges": ["(<site>, <site>) in self.edges", "any(v == w for v, w in self.edges)"],
}
JOINED_TRUTHS = [
    "(<truth> and <truth>)", "(<truth> or <truth>)", "not (<truth>)", "<plain> <= <plain> < <plain>",
    "self.is_odd(<number>)", "(<plain>, <site>) < (<plain>, <site>)",
    "all(v in range(<plain>) for v in self.Site if <truth>)",
]  # fmt: skip
STATEMENTS = {
    "": ["pass", "require(<truth>)", "if <truth>:\n    <block>\nelse:\n    <block>"],
    "count": ["self.count = <-1..3>", "self.count += 1", "amount = <number>\nself.count = amount"],
    "flag": ["self.flag = <truth>"],
    "mode": ['self.mode = "idle"', 'self.mode = "done"', 'self.mode = "busy" if <truth> else self.mode'],
    "last": ["self.last = None", "self.last = <site>"],
    "pair": ["self.pair = (<site>, <0..1>)"],
    "group": [
        "self.group.add(<site>)",
        "self.group.discard(<0..1>)",
        "self.group = {v for v in self.Site if v not in self.group}",
        "for step in self.group:\n    <block>",
    ],
    "sent": [
        'self.sent.add(("ask", <site>))',
        'self.sent.add(("stop",))',
        'self.sent.add(("answer", <site>, <0..1>))',
    ],
    "queue": [
        "self.queue.append(<0..2>)",
        "self.queue = self.queue[1:]",
        "self.queue = (self.queue + (<0..2>,))[:2]",
        "self.queue = ()",
        "for step in self.queue:\n    <block>",
    ],
    "level": ["self.level[<site>] = <0..2>", "self.level = [2 - x for x in self.level]"],
    "grid": ["self.grid[<site>, <0..1>] = <truth>"],
    "held": ["self.held[<site>].add(<site>)", "self.held[1] = self.held[0] | {1}"],
    "lines": ["self.lines[<site>].append(<site>)", "self.lines[0] = self.lines[1][:1]"],
    "both": ["self.both = (<0..1>, <truth>)", "where, what = self.both\nself.both = (1 - where, not what)"],
    "edges": ["self.edges.add((<site>, <0..1>))", "self.edges = {(w, v) for v, w in self.edges if v != w}"],
}
JOINED_STATEMENTS = [
    "if <truth>:\n    <block>\n    return",
    "for step in self.Site:\n    <block with step>",
    "for step in range(min(<plain>, 3)):\n    <block>",
    "for step in self.Site:\n    if <truth>:\n        break\n    <block>",
    "for step in self.Site:\n    if <truth>:\n        continue\n    <block with step>",
]
PLACE = re.compile("<(plain|number|truth|site|-?[0-9][.][.][0-9]|block|block with step)>")


class Writer:
    """Draws the text of a model that uses some of the declared variables."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.names = sorted(draw(st.sets(st.sampled_from(sorted(DECLARATIONS)), min_size=2, max_size=3)))
        self.locals: list[str] = []

    def choose(self, options: Any, joined: Any, depth: int) -> str:
        """One of the templates for the declared variables, and filled in."""
        known = [one for name in ("", *self.names) for one in options.get(name, ())]
        template = self.draw(st.sampled_from(known + (joined if depth > 0 else [])))
        return PLACE.sub(lambda found: self.fill(found[1], depth - 1), template)

    def fill(self, place: str, depth: int) -> str:
        if place == "truth":
            return self.choose(TRUTHS, JOINED_TRUTHS, depth)
        if place in {"plain", "number"}:
            return self.choose(NUMBERS, JOINED_NUMBERS, depth if place == "number" else 0)
        if place == "site":
            remainder = ["self.count % 2"] if "count" in self.names else []
            return self.draw(st.sampled_from(["0", "1", *self.locals, *remainder]))
        if place.startswith("block"):
            text = self.choose(STATEMENTS, [], min(depth, 1)).replace("\n", "\n    ")
            return text.replace(" 0", " step") if place.endswith("step") else text
        low, high = place.split("..")
        text = self.fill("number", depth)
        return text if self.draw(st.integers(0, 9)) == 0 else f"min(max({text}, {low}), {high})"

    def truth(self) -> str:
        return self.fill("truth", 2)

    def statement(self, depth: int = 3) -> list[str]:
        text = self.choose(STATEMENTS, JOINED_STATEMENTS, depth)
        return [f"        {line}" for line in text.split("\n")]

    def text(self) -> str:
        lines = [HEADER, *(f"    {name} = {DECLARATIONS[name]}" for name in self.names)]
        if self.draw(st.booleans()):
            self.locals = ["v"]
            lines += ["", "    @initial(v=Site)", "    def prepare(self, v):", *self.statement()]
        for at in range(self.draw(st.integers(2, 4))):
            parameter = self.draw(st.booleans())
            self.locals = ["v"] if parameter else []
            lines += ["", "    @action(v=Site)" if parameter else "    @action"]
            lines.append(f"    def act_{at}(self{', v' if parameter else ''}):")
            lines.append(f"        require({self.truth()} or {self.truth()})")
            for _ in range(self.draw(st.integers(1, 3))):
                lines += self.statement()
        self.locals = []
        safe = " or ".join(self.truth() for _ in range(5))
        lines += ["", "    @always", "    def safe(self):", f"        return {safe}"]
        lines += ["", "    @sometimes", "    def seen(self):", f"        return bool({self.truth()})"]
        return "\n".join(lines) + "\n"


@st.composite
def model_texts(draw: Any) -> str:
    """The text of a small model, with whatever mistakes chance makes."""
    return Writer(draw).text()


def model_of(text: str) -> Model:
    """The model that a text defines."""
    file = f"<drawn {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    names: dict[str, Any] = dict(vars(language)) | {"__name__": "drawn"}
    exec(compile(text, file, "exec"), names)
    return names["Drawn"]()


def outcome(run: Any) -> Any:
    try:
        return run()
    except ModelError as error:
        return ("error", error.where, error.problem)


def compare(text: str, *, threads: int = 1) -> None:
    """Both engines on one text."""
    drawn = model_of(text)

    def plainly() -> Any:
        found = Interpreter(drawn).explore(MAX_STATES * 8)
        return found, list(found.states)

    def compiled() -> Any:
        exploration = Exploration(drawn, cached=False)
        found = exploration.run(threads=threads)
        return found, exploration.states()

    def describe(result: Any) -> Any:
        return result if result[0] == "error" else "explored"

    slow = outcome(plainly)
    if slow[0] == "error" or slow[0].exhausted or slow[0].violated:
        fast = outcome(compiled)
        assert describe(fast) == describe(slow)
        if slow[0] == "error":
            return
        (expected, states), (found, found_states) = slow, fast
        assert found_states == states
        assert (found.distinct, found.generated, found.depth) == (
            expected.distinct,
            expected.generated,
            expected.depth,
        )
        assert (found.fired, found.reached) == (expected.fired, expected.reached)
        assert (found.violation.name if found.violation else None) == expected.violated
        assert (found.violation.trace if found.violation else ()) == expected.trace


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(model_texts())
def test_interpreter_and_machine_code_agree_on_random_models(text: str) -> None:
    compare(text)


@pytest.mark.slow
@settings(
    max_examples=3_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(model_texts())
def test_interpreter_and_machine_code_agree_on_many_random_models(text: str) -> None:
    compare(text)
