"""The fault of clients and readers: they crash, and come back as new ones."""

from __future__ import annotations

from dynaproof.checkers.runs.world_faults import Crash


class ClientCrash(Crash):
    """A client stops; what it had under way stays open, and its next life knows nothing of it."""

    name = "client crash"
    sentence = "{} crashes, and what it had under way stays open"


CLIENT_CRASH = ClientCrash()
