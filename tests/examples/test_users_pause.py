"""How long a user of a region pauses after errors, and where its pauses are short once more."""

from typing import Any

from dynaproof.checkers.workloads.user import (
    MOST_DOUBLED,
    User,
    UserSettings,
    UserThinkTimer,
    UserTimeoutTimer,
)
from dynaproof.impl.node import Message, NodeId, Timer

ROUTERS = (NodeId("region", "a", "router-1"), NodeId("region", "b", "router-2"))
SETTINGS = UserSettings(timeout_us=1_000, think_us=10, operations=5, keys=1)


class Unanswered:
    """An environment in which nothing is answered and every draw is the largest; it keeps the last pause."""

    def __init__(self) -> None:
        self.me, self.boot = NodeId("region", "user", "u0"), 1
        self.pause_us = 0

    def random(self, _label: str, n: int) -> int:
        return n - 1

    def set_timer(self, delay: int, timer: Timer) -> None:
        if isinstance(timer, UserThinkTimer):
            self.pause_us = delay

    def cancel_timer(self, _timer: Timer) -> None:
        pass

    def send(self, _to: NodeId, _message: Message) -> None:
        pass

    def note(self, _note: object) -> None:
        pass


def fail(user: User, times: int) -> None:
    """So many things in a row that are not answered."""
    for _ in range(times):
        user.on_timer(UserThinkTimer())
        user.on_timer(UserTimeoutTimer(user.numbers))


def test_a_user_pauses_twice_as_long_after_each_error_up_to_a_bound() -> None:
    env: Any = Unanswered()
    user = User(env, ROUTERS, SETTINGS)
    pauses = []
    for _ in range(MOST_DOUBLED + 2):
        fail(user, 1)
        pauses.append(env.pause_us)
    assert pauses == [10 << min(errors, MOST_DOUBLED) for errors in range(1, MOST_DOUBLED + 3)]


def test_a_user_that_is_told_to_go_on_forgets_the_errors_of_before() -> None:
    # Else its pauses alone can outlast the end of a run: admin-takeover, seed 9173, schedule 958.
    env: Any = Unanswered()
    user = User(env, ROUTERS, SETTINGS)
    fail(user, MOST_DOUBLED)
    user.go_on(10)
    user.on_timer(UserTimeoutTimer(user.numbers))
    assert env.pause_us == 10 << 1


def test_a_user_that_is_told_to_go_on_asks_routers_that_were_silent_before() -> None:
    # Else it asks for ever the one that answered, and that may be cut off: gray-node, seed 21, schedule 1.
    env: Any = Unanswered()
    user = User(env, ROUTERS, SETTINGS)
    fail(user, 1)
    silent = user.router
    user.go_on(10)
    assert user.router == silent
