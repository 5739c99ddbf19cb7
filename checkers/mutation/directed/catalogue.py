"""All stories: importing the modules registers them."""

from __future__ import annotations

from dynaproof.checkers.mutation.directed import ballots, clients, configs, disks, leases, tails
from dynaproof.checkers.mutation.directed.story import STORIES, Story, Told, perform

MODULES = (ballots, tails, configs, leases, disks, clients)

__all__ = ["MODULES", "STORIES", "Story", "Told", "perform"]
