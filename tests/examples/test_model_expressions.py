"""Expressions of models: deep ones are read and compiled, whatever the depth of Python's stack."""

import sys

from dynaproof.checkers.state_space.expressions import Graph, conjuncts, evaluate
from dynaproof.checkers.state_space.layout import Cell
from dynaproof.checkers.state_space.machine import Block


def test_expressions_deeper_than_the_stack_are_compared_split_and_compiled() -> None:
    graph, depth = Graph(), 4 * sys.getrecursionlimit()
    cells = [Cell(0, 40, 0, 0, "where"), Cell(1, 10, 0, 40, "what")]
    where, what = graph.cell(0, 1 << 39), graph.cell(1, 1000)
    choice = what
    for at in range(depth):
        choice = graph.ite(graph.eq(where, at), at % 7, choice)
    three = graph.eq(choice, 3)
    every = graph.all_of_many(graph.negate(graph.eq(where, at)) for at in range(depth))
    assert len(list(conjuncts(every))) == depth
    for place, expected in (
        (10, [1, 0]),
        (11, [0, 0]),
        (depth, [1, 1]),
        (depth - 1, [int((depth - 1) % 7 == 3), 0]),
    ):
        assert evaluate([three, every], [place, 3]) == expected
    block = Block(cells)
    block.load_words(1)
    assert block.truth(three).startswith("%v")
    assert block.number(choice).startswith("%v")
