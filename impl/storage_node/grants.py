"""What a storage node has granted for groups whose replica has ended: a lease binds beyond the replica that
granted it (H8 of docs/table.md).
"""

from __future__ import annotations

from dynaproof.impl.node import Env, Microseconds


class Grants:
    """Until when leases that were granted here may run."""

    def __init__(self, env: Env, lease_us: Microseconds) -> None:
        self.env = env
        self.lease_us = lease_us
        self.started_at: Microseconds = 0
        """When this life of the node began."""
        self.granted: dict[int, Microseconds] = {}
        """By group whose replica has ended in this life; grants that have run out are removed."""

    def start(self) -> None:
        """What an earlier life has granted is not known, and binds for a lease from now on."""
        self.started_at = self.env.now

    def ended(self, group: int, until: Microseconds) -> None:
        """The replica of a group has ended. It had granted a lease until then, and one before it had perhaps
        granted one for longer.
        """
        self.granted = {one: granted for one, granted in self.granted.items() if granted > self.env.now}
        self.granted[group] = max(until, self.granted.get(group, 0))

    def bound_until(self, group: int, was_made: bool) -> Microseconds:
        """Until when a lease may run that was granted here for a group whose replica has ended, in this life
        or in an earlier one (H8); if no replica was ever made, none can run.
        """
        if not was_made:
            return self.started_at
        return max(self.granted.get(group, 0), self.started_at + self.lease_us)
