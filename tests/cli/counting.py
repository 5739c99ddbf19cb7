"""Two nodes count what they tell each other: the smallest file of a user's with a seeded bug."""

from dynaproof import Edit, Env, Kind, Message, Node, NodeId, Nodes, Scenario, Timer, bug, spec


class Add(Message):
    number: int


class Tick(Timer):
    pass


class Counter(Node):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.sum = 0

    def on_start(self) -> None:
        self.env.set_timer(1_000, Tick())

    def on_tick(self, timer: Tick) -> None:
        self.send("b" if self.name == "a" else "a", Add(1))
        self.env.set_timer(1_000, Tick())

    def on_add(self, sender: NodeId, message: Add) -> None:
        self.sum += message.number


@spec("always")
def no_sum_is_negative(view: Nodes) -> bool:
    """No sum is negative."""
    return all(node.sum >= 0 for node in view.nodes.values())


COUNT = Scenario(
    name="count",
    sentence="two nodes count",
    kinds=(Kind(node=Counter, names=("a", "b")),),
    specs=(no_sum_is_negative,),
    faults=("crash",),
    length=60,
)

SUBTRACTS = bug(
    "subtracts",
    "What is told is subtracted.",
    Edit(__name__, "self.sum += message.number", "self.sum -= message.number", within="Counter.on_add"),
)

bugs = (SUBTRACTS,)
