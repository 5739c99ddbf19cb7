"""Machine code of a model: its actions, properties and symmetry as LLVM functions over packed states.

Six functions, called by the exploration (`engine`):

- `expand(state, out, taken)` writes the successors of the state at `out`, the numbers of their action
  instances (32 bits each) at `taken`, and gives their count, or minus one minus the number of an instance
  whose text is in error;
- `check(state)` gives 0, or one more than the number of the first invariant that does not hold;
- `seen(state, wanted)` gives those bits of `wanted` whose `sometimes` condition holds, `goals` the same for
  `eventually`, `possible` for `always_possible`; `ends(state)` tells whether a `terminal` one holds.

An action instance is a chain of tests of its guard's parts, in the order of the text, then one store per
word.
"""

from collections.abc import Iterable, Mapping, Sequence

from dynaproof.checkers.state_space.expressions import Expr, Node, conjuncts
from dynaproof.checkers.state_space.layout import Cell
from dynaproof.checkers.state_space.lower import Condition, Instance, Lowered
from dynaproof.checkers.state_space.values import Fault

PER_FUNCTION = 48
"""Action instances in one LLVM function: its optimiser's time grows faster than the function."""

_TRUTHS = {"eq", "lt", "and", "or", "not"}
_ARITHMETIC = {"add": "add", "sub": "sub", "mul": "mul"}


class Block:
    """The LLVM text of one function, and the values already computed at its present place."""

    def __init__(self, cells: Sequence[Cell], prefix: str = "v") -> None:
        self.cells, self.prefix = cells, prefix
        self.lines: list[str] = []
        self.count = 0
        self.words: dict[int, str] = {}
        self.numbers: dict[int, str] = {}
        self.truths: dict[int, str] = {}

    def emit(self, text: str) -> str:
        """Add an instruction; gives the name of its result."""
        self.count += 1
        name = f"%{self.prefix}{self.count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def label(self, name: str) -> None:
        """Start a basic block."""
        self.lines.append(f"{name}:")

    def load_words(self, count: int, pointer: str = "%state") -> None:
        """Read the words of a state."""
        for at in range(count):
            place = self.emit(f"getelementptr i64, ptr {pointer}, i64 {at}")
            self.words[at] = self.emit(f"load i64, ptr {place}")

    def forget(self) -> None:
        """Values computed so far, except the words, are not available in what follows."""
        self.numbers, self.truths = {}, {}

    def number(self, node: Node) -> str:
        """The node as a 64-bit integer."""
        if not isinstance(node, Expr):
            return str(int(node))
        found = self.numbers.get(node.number)
        if found is None:
            self._compute_arguments(node)
            found = self._number(node)
            self.numbers[node.number] = found
        return found

    def _compute_arguments(self, node: Expr) -> None:
        """Compute all parts of the node, innermost first: expressions are deeper than Python's stack."""
        stack = [] if node.op == "cell" else [(one, False) for one in reversed(node.args)]
        while stack:
            one, ready = stack.pop()
            if not isinstance(one, Expr) or one.number in self.numbers or one.number in self.truths:
                continue
            if not ready and one.op != "cell":
                stack.append((one, True))
                stack += [(part, False) for part in reversed(one.args)]
            elif one.op in _TRUTHS or (one.op == "ite" and one.low >= 0 and one.high <= 1):
                self.truths[one.number] = self._truth(one)
            else:
                self.numbers[one.number] = self._number(one)

    def _number(self, node: Expr) -> str:
        if node.op == "cell":
            assert isinstance(node.args[0], int)
            cell = self.cells[node.args[0]]
            word = self.words[cell.word]
            shifted = self.emit(f"lshr i64 {word}, {cell.shift}") if cell.shift else word
            return self.emit(f"and i64 {shifted}, {(1 << cell.bits) - 1}")
        if node.op in _ARITHMETIC:
            left, right = (self.number(one) for one in node.args)
            return self.emit(f"{_ARITHMETIC[node.op]} i64 {left}, {right}")
        if node.op in {"div", "mod"}:
            return self._divided(node)
        if node.op == "ite":
            condition = self.truth(node.args[0])
            then, other = self.number(node.args[1]), self.number(node.args[2])
            return self.emit(f"select i1 {condition}, i64 {then}, i64 {other}")
        return self.emit(f"zext i1 {self.truth(node)} to i64")

    def _divided(self, node: Expr) -> str:
        """Division by a positive constant, rounding down; LLVM's own rounds to zero."""
        left, divisor = self.number(node.args[0]), self.number(node.args[1])
        remainder = self.emit(f"srem i64 {left}, {divisor}")
        negative = self.emit(f"icmp slt i64 {remainder}, 0")
        lifted = self.emit(f"add i64 {remainder}, {divisor}")
        positive = self.emit(f"select i1 {negative}, i64 {lifted}, i64 {remainder}")
        if node.op == "mod":
            return positive
        exact = self.emit(f"sub i64 {left}, {positive}")
        return self.emit(f"sdiv i64 {exact}, {divisor}")

    def truth(self, node: Node) -> str:
        """The node as one bit."""
        if not isinstance(node, Expr):
            return "true" if node else "false"
        found = self.truths.get(node.number)
        if found is None:
            self._compute_arguments(node)
            found = self._truth(node)
            self.truths[node.number] = found
        return found

    def _truth(self, node: Expr) -> str:
        if node.op in {"eq", "lt"}:
            left, right = (self.number(one) for one in node.args)
            return self.emit(f"icmp {'eq' if node.op == 'eq' else 'slt'} i64 {left}, {right}")
        if node.op in {"and", "or"}:
            left, right = (self.truth(one) for one in node.args)
            return self.emit(f"{node.op} i1 {left}, {right}")
        if node.op == "not":
            return self.emit(f"xor i1 {self.truth(node.args[0])}, true")
        if node.op == "ite" and node.low >= 0 and node.high <= 1:
            condition, then, other = (self.truth(one) for one in node.args)
            return self.emit(f"select i1 {condition}, i1 {then}, i1 {other}")
        return self.emit(f"icmp ne i64 {self.number(node)}, 0")

    def updated(self, updates: Mapping[int, Node]) -> dict[int, str]:
        """The words of the new state."""
        made = dict(self.words)
        for at, old in self.words.items():
            inside = [
                (self.cells[cell], node) for cell, node in updates.items() if self.cells[cell].word == at
            ]
            if not inside:
                continue
            mask, constant = 0, 0
            parts = []
            for cell, node in inside:
                mask |= ((1 << cell.bits) - 1) << cell.shift
                if isinstance(node, Expr):
                    parts.append(self.emit(f"shl i64 {self.number(node)}, {cell.shift}"))
                else:
                    constant |= int(node) << cell.shift
            word = self.emit(f"and i64 {old}, {_signed(~mask)}")
            if constant:
                word = self.emit(f"or i64 {word}, {_signed(constant)}")
            for part in parts:
                word = self.emit(f"or i64 {word}, {part}")
            made[at] = word
        return made


def _signed(number: int) -> int:
    """The number as LLVM prints 64 bits."""
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def model_functions(lowered: Lowered) -> str:
    """The LLVM text of the six functions of a model."""
    chunks = [
        list(enumerate(lowered.instances))[start : start + PER_FUNCTION]
        for start in range(0, len(lowered.instances), PER_FUNCTION)
    ]
    texts = [_expand_chunk(lowered, at, chunk) for at, chunk in enumerate(chunks)]
    texts.append(_expand(len(chunks), lowered.layout.words))
    others = lowered.conditions()[len(lowered.always) :]
    texts.append(_check(lowered, [*lowered.always, *(_sound(one) for one in others if one.faults)]))
    texts.append(_held("seen", lowered, lowered.sometimes))
    texts.append(_held("goals", lowered, lowered.eventually))
    texts.append(_held("possible", lowered, lowered.always_possible))
    texts.append(_ends(lowered))
    return "\n".join(texts)


def _sound(one: Condition) -> Condition:
    """The condition that a condition's text is not in error: checked like an invariant."""
    return Condition(one.name, 1, one.faults)


def _expand(chunks: int, words: int) -> str:
    lines = ["define i64 @expand(i64 %at, i64 %out, i64 %taken) nounwind {", "start:"]
    count = "0"
    for at in range(chunks):
        lines += [
            f"  %o{at} = mul i64 {count}, {words * 8}",
            f"  %p{at} = add i64 %out, %o{at}",
            f"  %q{at} = shl i64 {count}, 2",
            f"  %t{at} = add i64 %taken, %q{at}",
            f"  %n{at} = call i64 @expand_{at}(i64 %at, i64 %p{at}, i64 %t{at})",
            f"  %bad{at} = icmp slt i64 %n{at}, 0",
            f"  br i1 %bad{at}, label %fault{at}, label %next{at}",
            f"fault{at}:",
            f"  ret i64 %n{at}",
            f"next{at}:",
            f"  %c{at} = add i64 {count}, %n{at}",
        ]
        count = f"%c{at}"
    return "\n".join([*lines, f"  ret i64 {count}", "}", ""])


def _expand_chunk(lowered: Lowered, at: int, instances: Sequence[tuple[int, Instance]]) -> str:
    words = lowered.layout.words
    block = Block(lowered.layout.cells)
    block.lines.append("  %state = inttoptr i64 %at to ptr")
    block.lines.append("  %out = inttoptr i64 %outs to ptr")
    block.lines.append("  %taken = inttoptr i64 %takes to ptr")
    block.load_words(words)
    current, previous = "0", "start"
    for number, instance in instances:
        block.forget()
        skip = f"skip{number}"
        leaves = []
        here = previous
        if instance.early:
            here = _fault_test(block, f"early{number}", instance.early, number)
        parts = list(conjuncts(instance.guard))
        if not all(isinstance(part, Expr) or part for part in parts):
            previous = here  # Never enabled; only its early faults count.
            continue
        for position, part in enumerate(parts):
            if isinstance(part, Expr):
                go_on = f"go{number}.{position}"
                block.lines.append(f"  br i1 {block.truth(part)}, label %{go_on}, label %{skip}")
                leaves.append(here)
                block.label(go_on)
                here = go_on
        if instance.late:
            here = _fault_test(block, f"late{number}", instance.late, number)
        made = block.updated(instance.updates)
        base = block.emit(f"mul i64 {current}, {words}")
        for word in range(words):
            offset = block.emit(f"add i64 {base}, {word}")
            place = block.emit(f"getelementptr i64, ptr %out, i64 {offset}")
            block.lines.append(f"  store i64 {made[word]}, ptr {place}")
        place = block.emit(f"getelementptr i32, ptr %taken, i64 {current}")
        block.lines.append(f"  store i32 {number}, ptr {place}")
        after = block.emit(f"add i64 {current}, 1")
        block.lines.append(f"  br label %{skip}")
        block.label(skip)
        arms = [f"[ {current}, %{leaf} ]" for leaf in leaves] + [f"[ {after}, %{here} ]"]
        current = block.emit(f"phi i64 {', '.join(arms)}")
        previous = skip
    block.lines.append(f"  ret i64 {current}")
    body = "\n".join(block.lines)
    return f"define i64 @expand_{at}(i64 %at, i64 %outs, i64 %takes) nounwind {{\nstart:\n{body}\n}}\n"


def _fault_test(block: Block, name: str, faults: Iterable[Fault], number: int) -> str:
    """Leave with the instance's number where one of the faults happens; gives the label that follows."""
    bad = "false"
    for one in faults:
        bad = block.emit(f"or i1 {bad}, {block.truth(one.condition)}")
    block.lines.append(f"  br i1 {bad}, label %{name}.bad, label %{name}.ok")
    block.label(f"{name}.bad")
    block.lines.append(f"  ret i64 {-1 - number}")
    block.label(f"{name}.ok")
    return f"{name}.ok"


def _check(lowered: Lowered, conditions: Sequence[Condition]) -> str:
    block = Block(lowered.layout.cells)
    block.lines.append("  %state = inttoptr i64 %at to ptr")
    block.load_words(lowered.layout.words)
    for number, one in enumerate(conditions):
        bad = block.emit(f"xor i1 {block.truth(one.node)}, true")
        for fault in one.faults:
            bad = block.emit(f"or i1 {bad}, {block.truth(fault.condition)}")
        block.lines.append(f"  br i1 {bad}, label %bad{number}, label %good{number}")
        block.label(f"bad{number}")
        block.lines.append(f"  ret i64 {number + 1}")
        block.label(f"good{number}")
    body = "\n".join(block.lines)
    return f"define i64 @check(i64 %at) nounwind {{\nstart:\n{body}\n  ret i64 0\n}}\n"


def _ends(lowered: Lowered) -> str:
    block = Block(lowered.layout.cells)
    block.lines.append("  %state = inttoptr i64 %at to ptr")
    block.load_words(lowered.layout.words)
    node = lowered.graph.any_of_many(one.node for one in lowered.terminal)
    block.lines.append(f"  ret i64 {block.emit(f'zext i1 {block.truth(node)} to i64')}")
    body = "\n".join(block.lines)
    return f"define i64 @ends(i64 %at) nounwind {{\nstart:\n{body}\n}}\n"


def _held(name: str, lowered: Lowered, conditions: Sequence[Condition]) -> str:
    block = Block(lowered.layout.cells)
    block.lines.append("  %state = inttoptr i64 %at to ptr")
    block.load_words(lowered.layout.words)
    result = "0"
    for number, one in enumerate(conditions):
        held = block.emit(f"zext i1 {block.truth(one.node)} to i64")
        bit = block.emit(f"shl i64 {held}, {number}")
        result = block.emit(f"or i64 {result}, {bit}")
    wanted = block.emit(f"and i64 {result}, %wanted")
    body = "\n".join(block.lines)
    return f"define i64 @{name}(i64 %at, i64 %wanted) nounwind {{\nstart:\n{body}\n  ret i64 {wanted}\n}}\n"
