"""A small compiler from Python's syntax to LLVM: integer loops over raw memory, for the exploration's inner
loop.

A kernel is a function whose names are all 64-bit integers. It has assignments, `if`, `while`, `return`,
arithmetic (wrapping), comparisons (signed), `min`, calls of other kernels, and the operations on memory
below, whose addresses are numbers. `>>` shifts in zeros, `//` and `%` are unsigned; `and` and `or` evaluate
both sides.
Names that are neither locals nor functions are constants given to the compiler. Kernels are compiled, never
run by Python.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dynaproof.checkers.state_space.source import definition_of

_COMPARE = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "slt", ast.LtE: "sle", ast.Gt: "sgt", ast.GtE: "sge"}
_BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.LShift: "shl", ast.RShift: "lshr", ast.FloorDiv: "udiv", ast.Mod: "urem",
}  # fmt: skip


def load(address: int) -> int:
    """The 64-bit number at an address."""
    raise NotImplementedError


def store(address: int, value: int) -> int:
    """Put a 64-bit number at an address."""
    raise NotImplementedError


def load_half(address: int) -> int:
    """The 32-bit number at an address."""
    raise NotImplementedError


def store_half(address: int, value: int) -> int:
    """Put a 32-bit number at an address."""
    raise NotImplementedError


def load_byte(address: int) -> int:
    """The 8-bit number at an address."""
    raise NotImplementedError


def store_byte(address: int, value: int) -> int:
    """Put an 8-bit number at an address."""
    raise NotImplementedError


def load_shared(address: int) -> int:
    """The 64-bit number at an address that other threads write; what they wrote before it is visible too."""
    raise NotImplementedError


def swap_if(address: int, expected: int, value: int) -> int:
    """Put a number at an address if another one is there, atomically; gives what was there."""
    raise NotImplementedError


def fetch_add(address: int, value: int) -> int:
    """Add to the number at an address, atomically; gives what was there."""
    raise NotImplementedError


def prefetch(address: int) -> int:
    """Announce that an address will be read soon."""
    raise NotImplementedError


_MEMORY: Mapping[str, Sequence[str]] = {
    "load": ("{p} = inttoptr i64 {0} to ptr", "{r} = load i64, ptr {p}"),
    "store": ("{p} = inttoptr i64 {0} to ptr", "store i64 {1}, ptr {p}", "{r} = add i64 0, 0"),
    "load_half": ("{p} = inttoptr i64 {0} to ptr", "{q} = load i32, ptr {p}", "{r} = zext i32 {q} to i64"),
    "store_half": (
        "{p} = inttoptr i64 {0} to ptr", "{q} = trunc i64 {1} to i32", "store i32 {q}, ptr {p}",
        "{r} = add i64 0, 0",
    ),
    "load_byte": ("{p} = inttoptr i64 {0} to ptr", "{q} = load i8, ptr {p}", "{r} = zext i8 {q} to i64"),
    "store_byte": (
        "{p} = inttoptr i64 {0} to ptr", "{q} = trunc i64 {1} to i8", "store i8 {q}, ptr {p}",
        "{r} = add i64 0, 0",
    ),
    "load_shared": ("{p} = inttoptr i64 {0} to ptr", "{r} = load atomic i64, ptr {p} acquire, align 8"),
    "swap_if": (
        "{p} = inttoptr i64 {0} to ptr", "{q} = cmpxchg ptr {p}, i64 {1}, i64 {2} acq_rel acquire",
        "{r} = extractvalue {{i64, i1}} {q}, 0",
    ),
    "fetch_add": ("{p} = inttoptr i64 {0} to ptr", "{r} = atomicrmw add ptr {p}, i64 {1} acq_rel"),
    "min": ("{r} = call i64 @llvm.smin.i64(i64 {0}, i64 {1})",),
    "prefetch": (
        "{p} = inttoptr i64 {0} to ptr", "call void @llvm.prefetch.p0(ptr {p}, i32 0, i32 3, i32 1)",
        "{r} = add i64 0, 0",
    ),
}  # fmt: skip

DECLARATIONS = """
declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
declare i64 @llvm.smin.i64(i64, i64)
"""


def compile_kernel(function: Callable[..., Any], constants: Mapping[str, int]) -> str:
    """The LLVM text of one kernel, as a function of the same name."""
    return _Kernel(definition_of(function), constants).text()


class _Kernel:
    def __init__(self, definition: ast.FunctionDef, constants: Mapping[str, int]) -> None:
        self.definition, self.constants = definition, constants
        self.lines: list[str] = []
        self.count = 0
        self.loops: list[tuple[str, str]] = []
        assigned = {
            node.id
            for node in ast.walk(definition)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self.parameters = [one.arg for one in definition.args.args]
        self.slots = sorted(assigned | set(self.parameters))

    def text(self) -> str:
        """The LLVM text of the function."""
        self.lines = [f"%slot.{name} = alloca i64" for name in self.slots]
        self.lines += [f"store i64 %{name}, ptr %slot.{name}" for name in self.parameters]
        if not self._block(self.definition.body):
            self.lines.append("ret i64 0")
        parameters = ", ".join(f"i64 %{name}" for name in self.parameters)
        body = "\n".join(line if line.endswith(":") else f"  {line}" for line in self.lines)
        return f"define i64 @{self.definition.name}({parameters}) nounwind {{\nentry:\n{body}\n}}\n"

    def _name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def _emit(self, text: str) -> str:
        name = self._name()
        self.lines.append(f"{name} = {text}")
        return name

    def _labels(self, *names: str) -> Iterator[str]:
        self.count += 1
        return (f"{name}.{self.count}" for name in names)

    def _block(self, statements: Sequence[ast.stmt]) -> bool:
        """Compile statements; returns whether they always leave the function."""
        return any(self._statement(one) for one in statements)

    def _statement(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.Return):
            self.lines.append(f"ret i64 {'0' if node.value is None else self._value(node.value)}")
            return True
        if isinstance(node, ast.Break | ast.Continue):
            self.lines.append(f"br label %{self.loops[-1][isinstance(node, ast.Break)]}")
            return True
        if isinstance(node, ast.If):
            return self._branch(node)
        if isinstance(node, ast.While):
            self._loop(node)
        elif isinstance(node, ast.Assign):
            assert isinstance(node.targets[0], ast.Name)
            self.lines.append(f"store i64 {self._value(node.value)}, ptr %slot.{node.targets[0].id}")
        elif isinstance(node, ast.AugAssign):
            assert isinstance(node.target, ast.Name)
            old = self._emit(f"load i64, ptr %slot.{node.target.id}")
            new = self._emit(f"{_BINARY[type(node.op)]} i64 {old}, {self._value(node.value)}")
            self.lines.append(f"store i64 {new}, ptr %slot.{node.target.id}")
        elif isinstance(node, ast.Expr):
            if not isinstance(node.value, ast.Constant):
                self._value(node.value)
        else:
            raise NotImplementedError(ast.unparse(node))
        return False

    def _branch(self, node: ast.If) -> bool:
        then, other, after = self._labels("then", "else", "after")
        self.lines += [f"br i1 {self._truth(node.test)}, label %{then}, label %{other}", f"{then}:"]
        leaves = self._block(node.body)
        if not leaves:
            self.lines.append(f"br label %{after}")
        self.lines.append(f"{other}:")
        other_leaves = self._block(node.orelse)
        if not other_leaves:
            self.lines.append(f"br label %{after}")
        if leaves and other_leaves:
            return True
        self.lines.append(f"{after}:")
        return False

    def _loop(self, node: ast.While) -> None:
        test, body, after = self._labels("test", "body", "after")
        self.lines += [f"br label %{test}", f"{test}:"]
        self.lines += [f"br i1 {self._truth(node.test)}, label %{body}, label %{after}", f"{body}:"]
        self.loops.append((test, after))
        if not self._block(node.body):
            self.lines.append(f"br label %{test}")
        self.loops.pop()
        self.lines.append(f"{after}:")

    def _truth(self, node: ast.expr) -> str:
        if isinstance(node, ast.Compare):
            left, right = self._value(node.left), self._value(node.comparators[0])
            return self._emit(f"icmp {_COMPARE[type(node.ops[0])]} i64 {left}, {right}")
        if isinstance(node, ast.BoolOp):
            result = self._truth(node.values[0])
            operator = "and" if isinstance(node.op, ast.And) else "or"
            for one in node.values[1:]:
                result = self._emit(f"{operator} i1 {result}, {self._truth(one)}")
            return result
        return self._emit(f"icmp ne i64 {self._value(node)}, 0")

    def _value(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            return str(int(node.value))  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            if node.id in self.slots:
                return self._emit(f"load i64, ptr %slot.{node.id}")
            return str(self.constants[node.id])
        if isinstance(node, ast.BinOp):
            left, right = self._value(node.left), self._value(node.right)
            return self._emit(f"{_BINARY[type(node.op)]} i64 {left}, {right}")
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name)
            arguments = [self._value(one) for one in node.args]
            operations = _MEMORY.get(node.func.id)
            if operations is None:
                return self._emit(f"call i64 @{node.func.id}({', '.join(f'i64 {one}' for one in arguments)})")
            names = {"p": self._name(), "q": self._name(), "r": self._name()}
            self.lines += [line.format(*arguments, **names) for line in operations]
            return names["r"]
        return self._emit(f"zext i1 {self._truth(node)} to i64")
