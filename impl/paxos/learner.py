"""The learner: what is chosen is applied; the log is cut below checkpoints.

*Invariants.* Slots are applied in order, as soon as they are known to be chosen. A checkpoint's pages are
durable before the log names it, and the log names it durably before anything that it covers is cut or freed.
Learning a record is a promise of the ballot at which the peer held it (rule 10, kept for every record, not
only for a `ConfigChange`).
"""

from __future__ import annotations

from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.paxos.checkpoint import Checkpoint
from dynaproof.impl.paxos.core import Core
from dynaproof.impl.paxos.files import pages_prefix
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.log import Head
from dynaproof.impl.paxos.messages.catch_up import Fetch
from dynaproof.impl.paxos.messages.checkpoint import CheckpointDurable, CheckpointWritten, ScrubTimer
from dynaproof.impl.paxos.state_machine import State
from dynaproof.impl.tree.homecoming import Homecoming
from dynaproof.impl.tree.scrub import Scrub


class Learner(Core[State]):
    """Applies and checkpoints."""

    # --- Learning what is chosen ---

    def commit_through(self, commit: int, ballot: Ballot) -> None:
        """The leader of `ballot` says that slots through `commit` are chosen: that holds for the entries here
        that it proposed.
        """
        if self.log.last_accepted != ballot:
            return  # Our entries above the commit index are another leader's.
        through = min(commit, self.log.last)
        self.log.commit = max(self.log.commit, through)
        if self.state.applied < self.log.commit:  # An accept may have raised it already (rule W2).
            self.apply_chosen()

    def apply_chosen(self) -> None:
        """Apply every slot through the commit index; a leader notifies its services, and serves once its own
        `NoOp` is applied (rules 7 and L3).
        """
        log, state = self.log, self.state
        goes_on = not state.barrier
        while state.applied < log.commit:
            record = log.record(state.applied + 1)
            state.apply(record)
            leadership = self.leadership
            if leadership is None:
                continue
            for service in self.services:
                service.applied(record)
            if record.slot == leadership.tail_end:
                leadership.serving = True
        if goes_on and state.barrier:
            self.came_to_barrier()
        self.checkpoint_if_due()

    def learn_from(self, member: Member, commit: int) -> None:
        """Ask a peer for the chosen records above ours; one question at a time."""
        if commit <= self.log.commit or self.env.now < self.fetching_until or member == self.member:
            return
        if self.full and (self.copying or self.installing):
            return  # The copy brings what is missing, or most of it; then its source is asked for the rest.
        self.fetch(member)

    def fetch(self, member: Member) -> None:
        """Ask for what follows the commit index."""
        self.fetching_until = self.env.now + self.settings.retry_us
        self.fetching_from = self.log.commit + 1
        self.send(member, Fetch(self.member, member.incarnation, self.log.commit))

    def copy_is_late(self, slot: int) -> bool:
        """Whether a copied state is no longer needed: its slots are known chosen, or this replica leads.

        A leader has those slots in its batch, and does something for each that it counts chosen: under a
        copied config it would never propose again, and a copied config that retires it would not end its
        leadership. A log replica lacks what is below its log: it needs any state that its log continues (rule
        M5). Behind a barrier nothing is needed, and children use the pages that are here.
        """
        if not self.full:
            return slot + 1 < self.log.first
        if self.state.barrier:
            return True
        return slot <= self.log.commit or self.leading is not None

    # --- Checkpoints and cutting ---

    def checkpoint_if_due(self) -> None:
        """Write a checkpoint when enough of the log was applied since the last, or too much waits in
        memory; and a last one at the barrier (P1).
        """
        if self.checkpoint is not None or not self.full:
            return
        state, snapshot, settings = self.state, self.log.head.snapshot, self.settings
        if state.barrier:
            if not self.rooted:
                self.write_checkpoint()  # The last one (P1).
            return
        slots, applied = (0, 0) if snapshot is None else (snapshot.slot, snapshot.log_bytes)
        pressed = state.applied > slots and state.pages.cache.presses(state.pages.serial)
        if pressed:
            self.reached("checkpoint by a full cache")
        due = pressed or state.log_bytes - applied >= settings.checkpoint_bytes
        if due or state.applied - slots >= settings.checkpoint_slots:
            self.write_checkpoint()

    @property
    def rooted(self) -> bool:
        """Whether the log names a checkpoint of the state at its barrier: a restart knows that (P1)."""
        snapshot = self.log.head.snapshot
        return snapshot is not None and 0 < self.state.barrier <= snapshot.slot

    def on_scrub_timer(self, timer: ScrubTimer) -> None:
        """Verify some more of what is on the disk; an idle replica also makes room in a full cache."""
        pages, settings = self.state.pages, self.settings
        scrub = self.upkeep.scrub
        if scrub is None or scrub.file is not pages:
            scrub = self.upkeep.scrub = Scrub(pages, self.state.trees)
        taken_over = pages.found > 0
        if scrub.step(settings.scrub_pages):
            self.upkeep.scrub = None
            if taken_over:
                self.reached("free pages known after a restart")
        self.checkpoint_if_due()
        if not (pages.home or self.checkpoint is not None or self.state.barrier):
            self.write_checkpoint()  # One is due for what is to come home (P5).
        self.env.set_timer(self.scrub_after_us(), ScrubTimer())

    def scrub_after_us(self) -> Microseconds:
        """How long until a scrub goes on: not long while it is not known which pages are free, else so that
        one scrub takes its whole time.
        """
        pages, settings = self.state.pages, self.settings
        if not (pages.home or self.state.barrier):
            return settings.home_us
        spread = 0 if pages.found else settings.scrub_us * settings.scrub_pages // max(1, pages.end)
        return max(settings.scrub_step_us, min(spread, settings.scrub_us))

    def write_checkpoint(self) -> None:
        """Write the changed pages, and some of those that lie in other files (P5); a message to itself
        reports when they are durable.
        """
        pages = self.state.pages
        if not (pages.home or self.state.barrier):
            if self.upkeep.homecoming is None:
                self.upkeep.homecoming = Homecoming(self.state.trees)
            pages.home = self.upkeep.homecoming.step(self.settings.home_pages)
            if pages.home:
                self.upkeep.homecoming = None
                self.reached("pages of a child came home")
        snapshot = self.state.checkpoint(self.log.slot_held_at(self.state.applied))
        mark = self.log.journal.sequence
        self.checkpoint = Checkpoint(
            self.upkeep.next_checkpoint(), snapshot, pages.name, copied=None, mark=mark
        )
        self.send(self.member, CheckpointWritten(self.member, self.incarnation, self.checkpoint.number))

    def cut_first(self, checkpoint: int) -> int:
        """The first slot to keep besides a durable checkpoint: what laggards may ask for, and what services
        and copiers need.
        """
        first = max(
            checkpoint + 1 - self.settings.retained_slots,
            self.log.entries.first_within(checkpoint, self.settings.retained_bytes),
        )
        asked = [service.needed_from() for service in self.services]
        needed = min((slot for slot in asked if slot is not None), default=checkpoint + 1)
        if needed < first:
            self.reached("log held for a reader")
        first = max(self.log.first, min(first, needed))
        self.lapse_views()
        self.views.bound(lambda place: self.log.size_between(max(self.log.first, place + 1), first - 1))
        copied = self.views.needed_from()
        if copied is not None and copied < first:
            self.reached("log held for a copy")
            first = max(self.log.first, copied)
        return first

    def lapse_views(self) -> None:
        """Hold for copiers only what they still need, judged also by what a leader hears from them."""
        views, leadership, now = self.views, self.leadership, self.env.now
        if leadership is not None:
            for member in [member for member in views.copiers if member in leadership.progress]:
                views.has(member, leadership.progress[member].through, self.log.commit, now)
        views.lapse(now)

    def on_checkpoint_written(self, sender: NodeId, m: CheckpointWritten) -> None:
        """The pages are durable: begin a segment that names their root, and cut the log below what laggards
        may ask for. What a split makes of it is written in the same handler (P3).
        """
        checkpoint = self.checkpoint
        if checkpoint is None or checkpoint.named or checkpoint.number != m.number:
            return
        self.log.journal.confirm(checkpoint.mark)
        log, copied, slot = self.log, checkpoint.copied, checkpoint.snapshot.slot
        if copied is not None:
            if self.copy_is_late(slot):
                self.checkpoint = None
                self.remove_unneeded_files()
                self.go_on_to_barrier()
                return
            self.reached("catch-up by copy")
            pages = self.state.pages
            pages.close()
            self.upkeep.replaced.append(pages)
            # A log replica's log begins where the part that readers hold now begins (rule M5).
            first, highest = max(log.first if self.full else 1, copied.log.first), copied.log.highest
            self.state = self.state.restore(pages.sibling(checkpoint.pages), checkpoint.snapshot)
            if copied.log.next > copied.log.first:
                self.reached("held log brought by a copy")
        else:
            first, highest = self.cut_first(slot), NO_BALLOT
        log.roll(
            Head(
                self.member,
                log.head.config,
                log.head.config_slot,
                max(log.promised, checkpoint.snapshot.held_at, highest),  # Learning is a promise (rule 10).
                log.last_accepted,
                first,
                max(log.commit, slot),
                checkpoint.snapshot,
                checkpoint.pages,
                copied=copied is not None,
                older=() if self.state.pages.home else self.state.pages.older,
                first_page=self.state.pages.first,
            )
        )
        checkpoint.mark, checkpoint.named = log.journal.sequence, True
        self.send(self.member, CheckpointDurable(self.member, self.incarnation, m.number))
        for service in self.services:
            service.checkpointed()
        if copied is not None:
            self.upkeep.homecoming = None
            if self.state.barrier:
                self.came_to_barrier()
            self.apply_chosen()  # A log replica has the log above the copied state already.
            # Its source holds the log above for this replica, and nobody else might.
            self.fetch(copied.source)

    def on_checkpoint_durable(self, sender: NodeId, m: CheckpointDurable) -> None:
        """The log names the checkpoint durably: what it replaces may go."""
        checkpoint = self.checkpoint
        if checkpoint is None or not checkpoint.named or checkpoint.number != m.number:
            return
        self.log.journal.confirm(checkpoint.mark)
        self.checkpoint = None
        self.log.drop_unneeded()
        self.state.pages.confirm()
        self.remove_unneeded_files()
        self.go_on_to_barrier()

    def go_on_to_barrier(self) -> None:
        """A checkpoint is over: the last one may have waited for that (P1), and nothing else calls for it."""
        if self.state.barrier:
            self.checkpoint_if_due()

    def remove_unneeded_files(self) -> None:
        """Remove page files that are neither used nor held, once no crash can bring them back."""
        if self.checkpoint is not None:
            return
        self.upkeep.replaced = [pages for pages in self.upkeep.replaced if pages.held]
        needed = {self.log.head.pages, self.state.pages.name, *(pages.name for pages in self.upkeep.replaced)}
        if self.copy is not None:
            needed.add(self.copy.pages.file)
        for name in self.env.disk.files(pages_prefix(self.group, self.incarnation)):
            if name not in needed:
                self.env.disk.remove_file(name)
        for service in self.services:
            service.tidied()

    def files_of_others(self) -> tuple[str, ...]:
        """The older files of its line that the log names, or somebody holds, also those of pages that a copy
        has replaced (P6).
        """
        parts = set(self.log.head.older)
        for pages in (self.state.pages, *self.upkeep.replaced):
            parts.update(pages.older if pages.held else ())
        return tuple(sorted(part.name for part in parts))
