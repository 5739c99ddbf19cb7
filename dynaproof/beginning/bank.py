"""Three accounts that pay each other: money may get lost on the way, but none is ever made."""

import json

from dynaproof import Env, Kind, Message, Node, NodeId, Nodes, Scenario, Timer, Violation, spec

NAMES = ("ann", "ben", "cas")
START = 10


class Transfer(Message):
    number: int
    amount: int


class PayDay(Timer):
    pass


class Account(Node):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.balance = START
        self.paid = 0
        self.seen: dict[str, int] = {}

    def on_start(self) -> None:
        page = self.env.disk.read_page("account", 0)
        if page is not None:
            self.balance, self.paid, self.seen = json.loads(page)
        self.env.set_timer(self.env.random("pause", 10_000), PayDay())

    def on_pay_day(self, timer: PayDay) -> None:
        if self.balance > 0:
            amount = 1 + self.env.random("amount", self.balance)
            payee = NAMES[self.env.random("payee", len(NAMES))]
            self.balance -= amount
            self.paid += 1
            self.save()
            self.send(payee, Transfer(self.paid, amount))
        self.env.set_timer(10_000, PayDay())

    def on_transfer(self, sender: NodeId, message: Transfer) -> None:
        if message.number > self.seen.get(sender.name, 0):
            self.seen[sender.name] = message.number
            self.balance += message.amount
            self.save()

    def save(self) -> None:
        page = json.dumps([self.balance, self.paid, self.seen])
        self.env.disk.write_page("account", 0, page.encode())


@spec("always")
def no_money_is_made(view: Nodes) -> list[Violation]:
    """All accounts together never hold more than they began with."""
    total = sum(node.balance for node in view.nodes.values())
    allowed = START * len(NAMES)
    return [Violation(f"{total} in all accounts, not {allowed}")] if total > allowed else []


@spec("sometimes")
def a_transfer_arrives(view: Nodes) -> bool:
    """Somebody has been paid."""
    return any(node.seen for node in view.nodes.values())


BANK = Scenario(
    name="bank",
    sentence="three accounts pay each other; crashes, cuts, slow nodes, lost and repeated messages",
    kinds=(Kind(node=Account, names=NAMES),),
    faults=("crash", "crash in sync", "partition", "slow node", "message loss"),
    specs=(no_money_is_made, a_transfer_arrives),
)
