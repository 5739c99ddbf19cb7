"""A model as expressions: initial states, action instances with guards and updates, properties.

An action instance is an action with fixed values of its parameters. Its updates are only what it writes.
"""

import itertools
from dataclasses import dataclass

from dynaproof.checkers.state_space.execute import Executor
from dynaproof.checkers.state_space.expressions import Expr, Graph, Node
from dynaproof.checkers.state_space.interpreter import Interpreter, Label
from dynaproof.checkers.state_space.layout import Layout
from dynaproof.checkers.state_space.values import Fault
from dynaproof.model.language import Action, Model, ModelError, Property
from dynaproof.model.language.model import of_kind


@dataclass(frozen=True)
class Instance:
    """An action with its parameters: where it is enabled, what it writes, and where its text is in error.

    `early` faults can happen before the guard is known to hold, `late` ones only where it holds.
    """

    label: Label
    guard: Node
    updates: dict[int, Node]
    early: tuple[Fault, ...] = ()
    late: tuple[Fault, ...] = ()
    fair: bool = False


@dataclass(frozen=True)
class Condition:
    """A property as an expression, and where its text is in error."""

    name: str
    node: Node
    faults: tuple[Fault, ...] = ()


@dataclass
class Lowered:
    """The whole model over the cells of `layout`."""

    model: Model
    layout: Layout
    graph: Graph
    starts: list[tuple[int, ...]]
    instances: list[Instance]
    always: list[Condition]
    sometimes: list[Condition]
    eventually: list[Condition]
    always_possible: list[Condition]
    terminal: list[Condition]

    def conditions(self) -> list[Condition]:
        """All conditions, of every kind."""
        others = [*self.sometimes, *self.eventually, *self.always_possible, *self.terminal]
        return [*self.always, *others]


def lower(model: Model) -> Lowered:
    """Read a model's text; raises ModelError with action and line for what is not in models' vocabulary."""
    layout = Layout(model)
    executor = Executor(layout)
    starts = [layout.pack(layout.encode(state)) for state in Interpreter(model).initial_states()]
    instances = [
        instance
        for action in model.actions
        for arguments in itertools.product(*(kind.values() for kind in action.parameters.values()))
        if (instance := _instance(executor, action, arguments)) is not None
    ]
    return Lowered(
        model,
        layout,
        executor.graph,
        starts,
        instances,
        [_condition(executor, one) for one in model.always],
        [_condition(executor, one) for one in model.sometimes],
        [_condition(executor, one) for one in model.eventually],
        [_condition(executor, one) for one in of_kind(model, "always_possible")],
        [_condition(executor, one) for one in of_kind(model, "terminal")],
    )


def _instance(executor: Executor, action: Action, arguments: tuple[object, ...]) -> Instance | None:
    """The instance, or None if it can never be enabled."""
    label = Label(action.name, arguments)
    try:
        flow, _ = executor.read_method(action.method, arguments)
    except ModelError as error:
        raise error.at(str(label), executor.line) from None
    updates = {
        cell: node
        for cell, node in flow.writes.items()
        if not (isinstance(node, Expr) and node.op == "cell" and node.args[0] == cell)
    }
    graph = executor.graph
    late = tuple(one for one in executor.faults if graph.both(one.condition, flow.guard) is one.condition)
    early = tuple(one for one in executor.faults if one not in late)
    if not isinstance(flow.guard, Expr) and not flow.guard and not executor.faults:
        return None
    return Instance(label, flow.guard, updates, early, late, action.fair)


def _condition(executor: Executor, one: Property) -> Condition:
    try:
        flow, result = executor.read_method(one.method, ())
        del flow
        return Condition(one.name, executor.truth(result), tuple(executor.faults))
    except ModelError as error:
        raise error.at(one.name, executor.line) from None
