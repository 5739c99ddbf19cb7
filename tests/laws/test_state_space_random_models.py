"""Plain Python and machine code agree on random models: on every state, every count and every error."""

import linecache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import model.language
from checkers.state_space.explore import Exploration
from checkers.state_space.interpreter import Interpreter
from model.language import Model, ModelError

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
}
HEADER = """
class Drawn(Model):
    width = Constant(2)
    Site = Range(0, width - 1)
"""


class Writer:
    """Draws the text of a model that uses some of the declared variables."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.names = sorted(draw(st.sets(st.sampled_from(sorted(DECLARATIONS)), min_size=2, max_size=3)))
        self.locals: list[str] = []

    def pick(self, *options: str) -> str:
        return self.draw(st.sampled_from(options))

    def has(self, name: str) -> bool:
        return name in self.names

    def site(self) -> str:
        options = ["0", "1", *self.locals]
        if self.has("count"):
            options.append("self.count % 2")
        return self.pick(*options)

    def number(self, depth: int = 2) -> str:
        options = ["0", "1", "2", *self.locals]
        if self.has("count"):
            options += ["self.count"] * 2
        if self.has("level"):
            options += [f"self.level[{self.site()}]", "sum(self.level[v] for v in self.Site)"]
        if self.has("group"):
            options += ["len(self.group)", "sum(v + 1 for v in self.group)", "max(self.group, default=0)"]
        if self.has("queue"):
            options += ["len(self.queue)", "sum(self.queue)", "self.queue[0]", "self.queue[-1]"]
        if self.has("last"):
            options.append("(0 if self.last is None else self.last + 1)")
        if self.has("lines"):
            options.append(f"len(self.lines[{self.site()}])")
        if depth > 0:
            a, b = self.number(depth - 1), self.number(depth - 1)
            options += [f"({a} + {b})", f"({a} - {b})", f"({a} * 2)", f"(({a}) // 2)", f"(({a}) % 3)"]
            options += [f"min({a}, {b})", f"max({a}, {b})", f"abs({a})"]
            options.append(f"({a} if {self.truth(depth - 1)} else {b})")
        return self.pick(*options)

    def truth(self, depth: int = 2) -> str:
        options = [f"{self.number(0)} {self.pick('<', '<=', '==', '!=', '>', '>=')} {self.number(0)}"]
        if self.has("flag"):
            options += ["self.flag", "not self.flag"]
        if self.has("mode"):
            options += ['self.mode == "busy"', 'self.mode in {"idle", "done"}', 'self.mode != "done"']
        if self.has("last"):
            options += ["self.last is None", f"self.last == {self.site()}"]
        if self.has("pair"):
            options += [
                f"self.pair == ({self.site()}, {self.site()})",
                "self.pair is not None and self.pair[0] == 1",
            ]
        if self.has("group"):
            options += [f"{self.site()} in self.group", "self.group <= {0}", "self.group == {1}"]
        if self.has("sent"):
            options += ['("stop",) in self.sent', f'("answer", {self.site()}, {self.site()}) in self.sent']
            options.append(f'any(("answer", {self.site()}, v) in self.sent for v in self.Site)')
        if self.has("queue"):
            options += ["1 in self.queue", "self.queue == (0, 1)", "self.queue[:1] == (2,)"]
        if self.has("level"):
            options += ["any(x == 2 for x in self.level)", "all(self.level[v] >= v for v in self.Site)"]
        if self.has("grid"):
            options += [f"self.grid[{self.site()}][{self.site()}]", "any(self.grid[v, v] for v in self.Site)"]
        if self.has("held"):
            options += [f"{self.site()} in self.held[{self.site()}]", "self.held[0] & self.held[1] == set()"]
        if self.has("lines"):
            options.append("self.lines[0] == self.lines[1]")
        if depth > 0:
            a, b = self.truth(depth - 1), self.truth(depth - 1)
            options += [f"({a} and {b})", f"({a} or {b})", f"not ({a})"]
            options.append(f"{self.number(0)} <= {self.number(0)} < {self.number(0)}")
        return self.pick(*options)

    def bounded(self, low: int, high: int) -> str:
        text = self.number()
        return text if self.draw(st.integers(0, 9)) == 0 else f"min(max({text}, {low}), {high})"

    def statement(self, indent: str, depth: int = 1) -> list[str]:
        options: list[list[str]] = [["pass"]]
        if self.has("count"):
            options += [[f"self.count = {self.bounded(-1, 3)}"], ["self.count += 1"]]
        if self.has("flag"):
            options.append([f"self.flag = {self.truth()}"])
        if self.has("mode"):
            options.append([f"self.mode = {self.pick(*[repr(one) for one in ('idle', 'busy', 'done')])}"])
            options.append([f'self.mode = "busy" if {self.truth()} else self.mode'])
        if self.has("last"):
            options.append([f"self.last = {self.pick('None', self.site())}"])
        if self.has("pair"):
            options.append([f"self.pair = ({self.site()}, {self.bounded(0, 1)})"])
        if self.has("group"):
            options += [[f"self.group.add({self.site()})"], [f"self.group.discard({self.bounded(0, 1)})"]]
            options += [["self.group = {v for v in self.Site if v not in self.group}"]]
        if self.has("sent"):
            options += [[f'self.sent.add(("ask", {self.site()}))'], ['self.sent.add(("stop",))']]
            options.append([f'self.sent.add(("answer", {self.site()}, {self.bounded(0, 1)}))'])
        if self.has("queue"):
            options += [[f"self.queue.append({self.bounded(0, 2)})"], ["self.queue = self.queue[1:]"]]
            options += [[f"self.queue = (self.queue + ({self.bounded(0, 2)},))[:2]"], ["self.queue = ()"]]
        if self.has("level"):
            options += [[f"self.level[{self.site()}] = {self.bounded(0, 2)}"]]
            options += [["self.level = [2 - x for x in self.level]"]]
        if self.has("grid"):
            options.append([f"self.grid[{self.site()}, {self.bounded(0, 1)}] = {self.truth()}"])
        if self.has("held"):
            options += [
                [f"self.held[{self.site()}].add({self.site()})"],
                ["self.held[1] = self.held[0] | {1}"],
            ]
        if self.has("lines"):
            options += [
                [f"self.lines[{self.site()}].append({self.site()})"],
                ["self.lines[0] = self.lines[1][:1]"],
            ]
        if depth > 0:
            inner = self.statement("    ", depth - 1)
            other = self.statement("    ", depth - 1)
            options.append([f"if {self.truth()}:", *inner, "else:", *other])
            options.append([f"if {self.truth()}:", *inner, "    return"])
            options.append(["for step in self.Site:", *(one.replace(" 0", " step") for one in inner)])
            options.append(["for step in self.Site:", f"    if {self.truth()}:", "        break", *inner])
            options.append([f"require({self.truth()})"])
        chosen = self.draw(st.sampled_from(options))
        return [indent + line for line in chosen]

    def text(self) -> str:
        lines = [HEADER, *(f"    {name} = {DECLARATIONS[name]}" for name in self.names)]
        for at in range(self.draw(st.integers(2, 4))):
            parameter = self.draw(st.booleans())
            self.locals = ["v"] if parameter else []
            lines += ["", "    @action(v=Site)" if parameter else "    @action"]
            lines.append(f"    def act_{at}(self{', v' if parameter else ''}):")
            lines.append(f"        require({self.truth()} or {self.truth()})")
            for _ in range(self.draw(st.integers(1, 3))):
                lines += self.statement("        ")
        self.locals = []
        lines += [
            "",
            "    @always",
            "    def safe(self):",
            f"        return {' or '.join(self.truth() for _ in range(5))}",
        ]
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
    names: dict[str, Any] = dict(vars(model.language)) | {"__name__": "drawn"}
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
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
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
