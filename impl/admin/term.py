"""Which admin is active, and of which term (rule A1 of docs/table.md).

The active admin touches a record beside its own; one that finds it untouched for long enough raises the term,
and is then active. Two admins may think that they are active: the changes of the older one are conditioned on
a record that the other has replaced, so they change nothing.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.metadata.changes import TERM_KEYS, Read, take_over, touch
from dynaproof.impl.metadata.records import ADMIN_KEY, TOUCHED_KEY, AdminRecord
from dynaproof.impl.node import Env, Microseconds, Note, Timer
from dynaproof.impl.router.call import Ending


class Activated(Note, frozen=True, gc=False, tag="activated"):
    """An admin is active from here on, as far as it knows."""

    term: int


class Watch(Struct, frozen=True, gc=False):
    """Who is active?"""


class TakeOver(Struct, frozen=True, gc=False):
    """Become active with this term."""

    term: int


class Touch(Struct, frozen=True, gc=False):
    """Show that this admin lives."""


class WatchTimer(Timer, frozen=True, gc=False, tag="admin_watch"):
    """Time to look, or to touch."""


class Successor(Protocol):
    """The part that is told when this admin has become active."""

    def activated(self) -> None:
        """This admin is active from here on."""
        ...


class Term:
    """Whether this admin is active; see the module."""

    def __init__(self, env: Env, settings: AdminSettings, metadata: Metadata, successor: Successor) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.successor = successor
        self.term = 0
        """The term with which this admin is active, as far as it knows; 0 if it is not."""
        self.last_active = ""
        """The name of the admin that was active last."""
        self.seen = (0, 0)
        """The versions of the two records when they were read last."""
        self.seen_at: Microseconds = 0
        """Since when these have not changed."""
        self.asks = False
        """Whether a read or a change is under way."""
        self.started_at: Microseconds = 0
        """When this life of this admin began."""

    @property
    def active(self) -> bool:
        """Whether this admin is active, as far as it knows."""
        return self.term > 0

    def governs(self, read: Read) -> bool:
        """Whether what was read names this admin as the active one: a change that is conditioned on the
        version of that record is then conditioned on this admin's term (A1). If it names another, this admin
        is deposed.
        """
        record = read.record(ADMIN_KEY)
        governs = self.active and record == AdminRecord(self.term, self.env.me.name)
        if not governs:
            self.retire()
        return governs

    def start(self) -> None:
        """Look soon."""
        self.seen_at = self.started_at = self.env.now
        self.env.set_timer(1 + self.env.random("watch", self.settings.touch_us), WatchTimer())

    def retire(self) -> None:
        """Another admin is active."""
        self.term = 0

    def on_watch_timer(self, _: WatchTimer) -> None:
        """Look who is active."""
        self.env.set_timer(self.settings.touch_us, WatchTimer())
        if not self.asks:
            self.asks = True
            self.metadata.read(TERM_KEYS, Watch())

    def watched(self, _: Watch, read: Read) -> None:
        """Touch the record, wait, or take over (A1): at once if no admin was ever active, or if the record
        names an earlier life of this admin, of which this one remembers nothing.
        """
        self.asks = False
        now, record = self.env.now, read.record(ADMIN_KEY)
        assert record is None or isinstance(record, AdminRecord)
        versions = read.version(ADMIN_KEY), read.version(TOUCHED_KEY)
        if versions != self.seen:
            self.seen, self.seen_at = versions, now
        name = self.env.me.name
        if record is not None:
            self.last_active = record.name
            if record.name == name and record.term == self.term:
                self.asks = True
                self.metadata.change(touch(read, self.term), Touch())
                return
        self.retire()
        untouched = now - self.seen_at >= self.settings.takeover_us
        if record is None or record.name == name or untouched:
            self.asks = True
            self.metadata.change(take_over(read, name), TakeOver(1 if record is None else record.term + 1))

    def unread(self, _: Watch) -> None:
        """The metadata did not answer; the next look will tell."""
        self.asks = False

    def touched(self, _: Touch, ending: Ending, slot: int) -> None:
        """If this admin was no longer active, the next look will tell which one is."""
        self.asks = False

    def took_over(self, m: TakeOver, ending: Ending, slot: int) -> None:
        """Become active, if no other admin was faster."""
        self.asks = False
        if ending == "ok":
            self.term, self.last_active = m.term, self.env.me.name
            self.env.note(Activated(self.term))
            self.successor.activated()
