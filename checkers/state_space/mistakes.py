"""Explains what Python raises where a model's text is in error, in the words of the model.

A message such as "unsupported operand type(s)" does not say which variable was None; the traceback knows the
place of the operation, and the values there are looked at again.
"""

import ast
import linecache
import textwrap
from types import FrameType, TracebackType
from typing import Any

from dynaproof.model.language import ModelError

MISTAKES = (TypeError, ValueError, IndexError, KeyError, AttributeError, ZeroDivisionError)
"""What a mistake in a model's text raises."""


def explained(error: Exception, file: str) -> str:
    """What is wrong in the text of a file; if None was used as a value, which expression is None."""
    plain = f"{type(error).__name__}: {error}"
    if "NoneType" not in str(error) or error.__traceback__ is None:
        return plain
    place: TracebackType | None = error.__traceback__
    last = place
    while place is not None:
        last = place if place.tb_frame.f_code.co_filename == file else last
        place = place.tb_next
    assert last is not None
    operation = _operation(last)
    if operation is None:
        return plain
    empty = [ast.unparse(one) for one in _operands(operation) if _is_none(one, last.tb_frame)]
    if empty:
        return f"`{empty[0]}` is None and cannot be used in `{ast.unparse(operation)}`"
    return f"a value is None and cannot be used in `{ast.unparse(operation)}`"


def _operation(place: TracebackType) -> ast.expr | None:
    """The expression whose evaluation raised; None if its text is not known."""
    code = place.tb_frame.f_code
    positions = list(code.co_positions())[place.tb_lasti // 2]
    first, last, start, end = positions
    if first is None or last is None or start is None or end is None:
        return None
    lines = [linecache.getline(code.co_filename, at) for at in range(first, last + 1)]
    lines[-1] = lines[-1].encode()[:end].decode()
    lines[0] = lines[0].encode()[start:].decode()
    try:
        return ast.parse(f"({textwrap.dedent(''.join(lines))})", mode="eval").body
    except SyntaxError:  # An assignment such as `self.n += 1` is not an expression.
        return _of_statement("".join(lines))


def _of_statement(text: str) -> ast.expr | None:
    try:
        statement = ast.parse(text.strip()).body[0]
    except (SyntaxError, IndexError):
        return None
    if not isinstance(statement, ast.AugAssign):
        return None
    target = ast.parse(ast.unparse(statement.target), mode="eval").body
    return ast.BinOp(target, statement.op, statement.value)


def _operands(operation: ast.expr) -> list[ast.expr]:
    if isinstance(operation, ast.BinOp):
        found = [operation.left, operation.right]
    elif isinstance(operation, ast.Compare):
        found = [operation.left, *operation.comparators]
    elif isinstance(operation, ast.UnaryOp):
        found = [operation.operand]
    elif isinstance(operation, ast.Subscript | ast.Attribute):
        found = [operation.value]
    elif isinstance(operation, ast.Call):
        found = [*operation.args]
    else:
        found = [operation]
    return found


def _is_none(node: ast.expr, frame: FrameType) -> bool:
    """Whether a name, an attribute or an element is None there: looking at those again changes nothing."""
    try:
        return _value(node, frame) is None
    except (*MISTAKES, NotImplementedError, ModelError):
        return False


def _value(node: ast.expr, frame: FrameType) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return frame.f_locals[node.id] if node.id in frame.f_locals else frame.f_globals[node.id]
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, frame), node.attr)
    if isinstance(node, ast.Subscript):
        return _value(node.value, frame)[_value(node.slice, frame)]
    if isinstance(node, ast.Tuple):
        return tuple(_value(one, frame) for one in node.elts)
    raise NotImplementedError(ast.unparse(node))
