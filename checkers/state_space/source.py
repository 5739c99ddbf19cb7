"""The syntax trees of the functions that a model is made of."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any

from dynaproof.model.language import ModelError


@cache
def definition_of(function: Callable[..., Any]) -> ast.FunctionDef:
    """The definition of a function, with its file's line numbers; ModelError if there is no source."""
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        raise ModelError(f"the source of {function!r} is not available") from None
    tree = ast.parse(textwrap.dedent("".join(lines)))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise ModelError(f"{function!r} is not a plain function")
    ast.increment_lineno(definition, first - 1)
    return definition


@cache
def syntax(function: Callable[..., Any]) -> ast.FunctionDef:
    """The definition of a model's function; ModelError for loops that have no bound."""
    definition = definition_of(function)
    for node in ast.walk(definition):
        if isinstance(node, ast.While):
            raise ModelError("a `while` loop has no bound: use `for` over a range", None, node.lineno)
    return definition
