"""The state graph of a small model, as GraphML for other tools and as an SVG picture."""

import io
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import networkx as nx

from dynaproof.checkers.report.curves import made
from dynaproof.checkers.state_space.interpreter import shown
from dynaproof.checkers.state_space.transitions import Graph, transitions
from dynaproof.checkers.whole_file import write_whole
from dynaproof.model.language import Model

MAX_STATES = 2_000
_ACROSS, _DOWN, _RADIUS, _MARGIN = 34, 64, 9, 40


def networkx_graph(graph: Graph) -> "nx.MultiDiGraph[int]":
    """The graph with a text for each variable on its nodes, and the action on its edges."""
    made: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    names = list(graph.exploration.model.types)
    initial = set(graph.initial)
    for number in range(len(graph)):
        values = {name: shown(value) for name, value in zip(names, graph.state(number), strict=True)}
        made.add_node(
            number, initial=number in initial, **{f"var_{name}": text for name, text in values.items()}
        )
    for number, edges in enumerate(graph.edges):
        for instance, target in edges:
            made.add_edge(number, target, action=str(graph.label(instance)))
    return made


def write_graph(model: Model, path: Path, made_by: str = "") -> tuple[int, int]:
    """Write the graph as `.graphml` or `.svg`; gives the numbers of states and transitions. The picture names
    the version that drew it.

    Raises ModelError if there are more than 2,000 states, or an invariant is violated.
    """
    graph = transitions(model, max_states=MAX_STATES)
    if path.suffix == ".graphml":
        stream = io.BytesIO()
        nx.write_graphml(networkx_graph(graph), stream)
        write_whole(path, stream.getvalue())
    else:
        write_whole(path, svg(graph, made_by).encode())
    return len(graph), sum(len(edges) for edges in graph.edges)


def svg(graph: Graph, made_by: str = "") -> str:
    """A picture, a row for each distance from the initial states; pointing at a state or arrow names it."""
    rows = _rows(graph)
    place = {
        number: (_MARGIN + _ACROSS * at, _MARGIN + _DOWN * row)
        for row, members in enumerate(rows)
        for at, number in enumerate(members)
    }
    width = 2 * _MARGIN + _ACROSS * max(len(members) for members in rows)
    height = 2 * _MARGIN + _DOWN * len(rows)
    names = list(graph.exploration.model.types)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"',
        ' font-family="sans-serif">',
        '<defs><marker id="tip" markerWidth="6" markerHeight="6" refX="6" refY="3" orient="auto">',
        '<path d="M0,0 L6,3 L0,6 z" fill="#789"/></marker></defs>',
    ]
    parts += filter(None, [made(made_by)])
    for number, edges in enumerate(graph.edges):
        for instance, target in edges:
            parts.append(_arrow(place[number], place[target], str(graph.label(instance))))
    for number, (x, y) in place.items():
        lines = [f"{name} = {shown(value)}" for name, value in zip(names, graph.state(number), strict=True)]
        colour = "#2a6" if number in graph.initial else "#48a"
        title = escape("\n".join([f"state {number}", *lines]))
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{_RADIUS}" fill="{colour}"><title>{title}</title></circle>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _rows(graph: Graph) -> list[list[int]]:
    """The states by their distance from the initial ones."""
    distance = dict.fromkeys(graph.initial, 0)
    queue = list(graph.initial)
    for at in queue:
        for _, target in graph.edges[at]:
            if target not in distance:
                distance[target] = distance[at] + 1
                queue.append(target)
    rows: list[list[int]] = [[] for _ in range(max(distance.values()) + 1)]
    for number, row in distance.items():
        rows[row].append(number)
    return rows


def _arrow(start: Sequence[int], end: Sequence[int], label: str) -> str:
    title = f"<title>{escape(label)}</title>"
    style = 'fill="none" stroke="#789" stroke-width="1" marker-end="url(#tip)"'
    (x, y), (u, v) = start, end
    if (x, y) == (u, v):
        return f'<path d="M{x},{y} c14,-22 26,0 10,6" {style}>{title}</path>'
    bend = 0 if v > y else 18
    middle = ((x + u) // 2 + bend, (y + v) // 2 - bend)
    tip = v - (_RADIUS if v > y else 0)
    return f'<path d="M{x},{y} Q{middle[0]},{middle[1]} {u},{tip}" {style}>{title}</path>'
