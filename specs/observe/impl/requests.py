"""Requests seen through a `GroupView`: what clients ask for and are answered, against what is chosen for
them.

*Invariants.* A request has at most one chosen record; every answer that leaves for it agrees with that record
and with the first answer.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import ClassVar, Protocol

from dynaproof.impl.partition.messages.requests import (
    READS,
    Change,
    Delete,
    Get,
    GetMany,
    ItemOperation,
    Operation,
    Put,
    Reply,
    Request,
    Scan,
    SetRates,
    keys_of,
)
from dynaproof.impl.partition.notes import Retried
from dynaproof.impl.partition.records import (
    Answer,
    Answering,
    CursorMoved,
    Outcome,
    RatesSet,
    Remembered,
    StoredItem,
    Write,
)
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.paxos.records import Config, ConfigChange
from dynaproof.impl.router.call import Ending
from dynaproof.impl.router.notes import Ended, Invoked, Shown
from dynaproof.specs import sometimes, sometimes_of_regions
from dynaproof.specs.observe.impl.holds import ReaderHolds
from dynaproof.specs.observe.impl.place import Place
from dynaproof.specs.observe.impl.several_items import by_key, differs, effects, items_at, page_wrong
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import (
    Acknowledged,
    Chosen,
    EpochApart,
    EventualReadUnchosen,
    PageApart,
    Repeated,
    UnchosenShown,
    Unlinearizable,
)

WINDOW = 512
"""Slots kept below what every live replica has applied: a late answer may still refer to them."""


class KeyJudge(Protocol):
    """Judges one key's history as it grows; returns None, or a sentence that says what is wrong."""

    overflowed: bool
    """Whether its bound was reached, so that it no longer says anything."""

    def invoked(self, request: Hashable, operation: ItemOperation) -> None:
        """An operation begins."""
        ...

    def ended(self, request: Hashable, ending: Ending, observed: StoredItem | None) -> str | None:
        """An operation ends."""
        ...

    def settle(self, request: Hashable, took_effect: bool) -> str | None:
        """An operation that ended with an unknown outcome has taken effect by now, or never will."""
        ...


class RequestObserver:
    """Files facts about the requests of a group's clients."""

    # As in the simulator's `Place`: with all of an observer's attributes, calls would be slower.
    __slots__ = (
        "answered_through", "answers", "asked_at", "attempts", "born_at", "config", "config_slot", "crossed",
        "deadlines", "endings", "holds", "items", "judges", "known_before", "largest_delete", "lost",
        "made_by", "make_judge", "open", "reached", "recorded", "refused_for_good", "told", "view", "written",
    )  # fmt: skip

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (
        Acknowledged,
        EpochApart,
        EventualReadUnchosen,
        PageApart,
        Repeated,
        UnchosenShown,
        Unlinearizable,
    )
    """The types of all facts that are filed."""

    def __init__(
        self, config: Config, judges: dict[bytes, KeyJudge], make_judge: Callable[[], KeyJudge]
    ) -> None:
        self.view = GroupView(config.voters)
        self.config = config
        """The newest chosen config,"""
        self.config_slot = 0
        """and its slot."""
        self.largest_delete = 0
        """The commit timestamp of the last delete."""
        self.holds = ReaderHolds(self.view)
        self.judges = judges
        self.make_judge = make_judge
        self.born_at = 0
        """The parent's barrier, if a split has made the group."""
        self.reached: dict[str, int] = {}
        self.endings: dict[str, int] = {}
        self.items: dict[bytes, StoredItem] = {}
        self.written: dict[tuple[bytes, int], StoredItem | None] = {}
        self.recorded: dict[RequestId, Remembered] = {}
        """Writes that have a chosen record, with the answer that the record gives them."""
        self.answers: dict[RequestId, Answer | None] = {}
        """Writes, with the first answer that left for them."""
        self.crossed: dict[RequestId, RequestObserver] = {}
        """Writes that went on in a child, with the child's observer."""
        self.attempts: dict[RequestId, int] = {}
        """Requests, with the last attempt that left their client."""
        self.made_by: dict[RequestId, int] = {}
        """Writes that have a chosen record: the latest attempt that can have made it."""
        self.deadlines: dict[RequestId, int] = {}
        self.lost: dict[RequestId, tuple[tuple[bytes, ...], int]] = {}
        """Writes of unknown outcome: keys and deadline."""
        self.refused_for_good: dict[RequestId, bool] = {}
        self.open: dict[RequestId, Operation] = {}
        self.asked_at: dict[RequestId, str] = {}
        """Open requests, with the place of the client."""
        self.answered_through = 0
        """The newest slot that a client knows of: it wrote there, or a strong page showed it."""
        self.told: dict[RequestId, tuple[Put | Delete, ...]] = {}
        """Open changes of several keys, with what the judges of these keys were told."""
        self.known_before: dict[RequestId, int] = {}
        """Open strong pages, with that slot when the client asked."""

    def reach(self, situation: Sometimes) -> None:
        """Count a `sometimes`."""
        self.reached[situation.name] = self.reached.get(situation.name, 0) + 1

    def is_eventual(self, request: RequestId) -> bool:
        """Whether this is an eventual read that waits for its answer."""
        operation = self.open.get(request)
        return operation is not None and not operation.strong

    def eventual_key(self, request: RequestId) -> bytes | None:
        """The key of an eventual read that waits for its answer; None of anything else."""
        operation = self.open.get(request)
        return operation.key if isinstance(operation, Get) and not operation.strong else None

    def on_retried(self, _: Place, note: Retried) -> None:
        """A replica answered from memory."""
        self.retried(note)

    def attempted(self, _: Place, message: Request) -> None:
        """A client makes an attempt."""
        self.attempts[message.request] = message.attempt

    def invoked(self, note: Invoked, place: str) -> None:
        """The client at a place asks for something."""
        if note.request in self.lost:
            self.view.file(Repeated(note.request, "names a second operation, and the first is undecided"))
        self.open[note.request] = note.operation
        self.asked_at[note.request] = place
        if isinstance(note.operation, Change):
            self.told[note.request] = by_key(note.operation, self.written)
            for one in self.told[note.request]:
                self.tell(note.request, one)
        elif not isinstance(note.operation, (GetMany, Scan, SetRates)):
            self.tell(note.request, note.operation)
        self.deadlines[note.request] = note.deadline
        if not isinstance(note.operation, READS):
            self.answers.setdefault(note.request, None)
        elif not isinstance(note.operation, Get) and note.operation.strong:
            self.known_before[note.request] = self.answered_through

    def tell(self, request: RequestId, operation: ItemOperation) -> None:
        """Tell the judge of a key that an operation begins."""
        judge = self.judges.get(operation.key)
        if judge is None:
            judge = self.judges[operation.key] = self.make_judge()
        judge.invoked(request, operation)

    def abandoned(self, place: str) -> None:
        """The client at a place has crashed: the outcome of what it had under way is unknown."""
        for request in [request for request, at in self.asked_at.items() if at == place]:
            if not isinstance(self.open[request], READS):
                self.reach(sometimes.CLIENT_CRASHED)
            self.ended(Ended(request, "indefinite", 0, None))

    def ended(self, note: Ended) -> None:
        """Check the answer that a client got."""
        view, request = self.view, note.request
        operation = self.open.pop(request)
        deadline = self.deadlines.pop(request)
        del self.asked_at[request]
        self.known_before.pop(request, None)
        self.endings[note.ending] = self.endings.get(note.ending, 0) + 1
        if isinstance(operation, (GetMany, Scan)):
            return  # What it was shown has been checked.
        if note.ending == "indefinite" and not isinstance(operation, Get):
            self.lost[request] = (keys_of(operation), deadline)
        if isinstance(operation, Change):
            self.changed(operation, note)
        elif not isinstance(operation, SetRates):
            if operation.strong or note.ending != "ok":
                self.judge(operation.key, request, note.ending, note.observed)
            self.was_chosen(operation.key, operation.strong, note)
        if isinstance(operation, Get):
            return
        recorded = self.recorded.get(request)
        if note.ending == "definite":
            self.refused_for_good[request] = True
            if recorded is not None and recorded.answer.applied:
                view.file(Repeated(request, "failed for good after it took effect"))
        elif note.ending != "indefinite":
            applied = note.ending == "ok"
            self.answered_through = max(self.answered_through, note.slot)
            if applied and note.slot > self.born_at:
                view.acknowledge(request, note.slot)
            said = Answer(note.slot, applied, note.observed)
            if recorded is None or recorded.answer != said:
                view.file(Repeated(request, f"got an answer that slot {note.slot} does not give"))
            elif applied and not self.did(operation, note.slot):
                view.file(Repeated(request, f"was answered from slot {note.slot}, which is not its write"))

    def judge(self, key: bytes, request: RequestId, ending: Ending, observed: StoredItem | None) -> None:
        """An operation on a key has ended: let the key's judge say whether that is right."""
        wrong = self.judges[key].ended(request, ending, observed)
        if wrong is not None:
            self.view.file(Unlinearizable(key, wrong))

    def was_chosen(self, key: bytes, strong: bool, note: Ended) -> None:
        """Check that the item shown by an answer was chosen where it says, as far as that is remembered."""
        view, shown = self.view, note.observed
        if (
            shown is not None
            and self.written.get((key, shown.slot)) != shown
            and shown.slot > view.pruned_through
        ):
            kind = UnchosenShown if strong else EventualReadUnchosen
            view.file(kind(note.request, shown.slot))

    def changed(self, change: Change, note: Ended) -> None:
        """A change of several keys has ended: the versions that it found are those below its slot. One that
        failed says what it saw of the first item with another version, and nothing of the others.
        """
        request, slot, other = note.request, note.slot, None
        answered = note.ending in {"ok", "condition_failed"}
        before = items_at(self.view, self.items, slot - 1) if answered else None
        if before is not None:
            other = differs(change, before)
            if note.ending == "ok" and other is not None:
                wrong = f"{request} took effect in slot {slot}, where it has another version"
                self.view.file(Unlinearizable(other, wrong))
            elif note.ending != "ok" and (other is None or note.observed != before.get(other)):
                wrong = f"{request} failed in slot {slot}, and not by what stands there"
                self.view.file(Unlinearizable(other, wrong))
            elif other is not None:
                self.reach(sometimes.CHANGE_FAILED)
        for one in self.told.pop(request):
            ending, observed = note.ending, note.observed
            item = None if observed is None else observed.item
            saw_it = one.key == other and one.conditional and one.expected != item
            if ending == "condition_failed" and not saw_it:
                ending = "definite"
            self.judge(one.key, request, ending, observed)

    def shown(self, note: Shown) -> None:
        """A client is shown a page: of one slot, which for a strong read must not be older than what any
        client knew of before the page was asked for.
        """
        view, request, slot = self.view, note.request, note.slot
        operation = self.open[request]
        assert isinstance(operation, (GetMany, Scan)), "only reads of several items are shown pages"
        if operation.strong:
            if slot < self.known_before[request]:
                known = self.known_before[request]
                view.file(PageApart(request, f"was shown slot {slot} after an answer of slot {known}"))
            self.answered_through = max(self.answered_through, slot)
        if slot > view.chosen_through:
            view.file(PageApart(request, f"was shown slot {slot}, which is not chosen"))
            return
        items = items_at(view, self.items, slot)
        wrong = None if items is None else page_wrong(operation, note, items)
        if wrong is not None:
            view.file(PageApart(request, wrong))
        if note.through is not None:
            self.reach(sometimes.PAGE_FULL)
        if slot < view.chosen_through and items is not None and items != self.items:
            self.reach(sometimes.EARLIER_STATE_SHOWN)

    def fold(self, fact: Chosen) -> bool:
        """Apply a chosen record to the observer's own copy of the state; whether a hold lapsed with it."""
        view, record = self.view, fact.record.record
        if record.epoch != self.config.epoch:
            view.file(EpochApart(record.slot, record.epoch, self.config.epoch))
        fact.record.log_bytes = self.holds.chosen(record)
        if isinstance(record, Write):
            for mutation in record.mutations:
                there = self.items.get(mutation.key)
                if there != mutation.old:
                    fact.record.surprises.append((mutation.key, there, mutation.old))
                if mutation.new is None:
                    self.items.pop(mutation.key, None)
                    self.largest_delete = record.timestamp
                else:
                    self.items[mutation.key] = mutation.new
                    self.written[mutation.key, record.slot] = mutation.new
            self.settle(record)
        elif isinstance(record, (Outcome, RatesSet)):
            self.settle(record)
        elif isinstance(record, ConfigChange):
            self.config, self.config_slot = record.config, record.slot
            view.reconfigure(record.slot, record.config.voters)
        elif isinstance(record, CursorMoved):
            self.holds.moved(record.slot, record.hold)
        return self.holds.lapsed(record.slot)

    def did(self, operation: Put | Delete | Change | SetRates, slot: int) -> bool:
        """Whether the record chosen in a slot does exactly what an operation asks, as far as that is
        remembered.
        """
        chosen = self.view.chosen.get(slot)
        if chosen is None:
            return True
        if isinstance(operation, SetRates):
            record = chosen.record.record
            return isinstance(record, RatesSet) and record.rates == operation.rates
        made = chosen.record.record.changes()
        return effects(operation) == {one.key: None if one.new is None else one.new.item for one in made}

    def replied(self, reply: Reply) -> None:
        """Every answer that leaves for a write agrees with the first, whether or not its client hears it, and
        whether a partition gives it or, behind its barrier, the one that was split into it.
        """
        request = reply.request
        if request in self.crossed:
            self.crossed[request].replied(reply)
            return
        if request not in self.answers:
            return  # A read, to which each attempt may get another answer.
        said = Answer(reply.slot, reply.status == "ok", reply.observed)
        before = self.answers[request]
        if before is None:
            self.answers[request] = said
        elif before != said:
            self.view.file(Repeated(request, f"was answered from slot {before.slot}, then otherwise"))

    def retried(self, note: Retried) -> None:
        """A replica answers an attempt from what it remembers; an earlier attempt may have been recorded."""
        recorded = self.recorded.get(note.request)
        if recorded is not None and recorded.answer.slot <= self.born_at:
            self.reach(sometimes_of_regions.RETRIED_IN_CHILD)
        if note.attempt > self.made_by.get(note.request, note.attempt):
            if note.applied:
                self.reach(sometimes.REPLY_LOST)
            else:
                self.reach(sometimes.FAILED_CONDITION_RETRIED)

    def settle(self, record: Answering) -> None:
        """A request has a chosen record: its only one, and not after it failed for good."""
        applied = not isinstance(record, Outcome)
        answer = Answer(record.slot, applied, record.observed if isinstance(record, Outcome) else None)
        request, did = record.request, "took effect" if applied else "failed its condition"
        before = self.recorded.get(request)
        if before is not None:
            slot = before.answer.slot
            self.view.file(Repeated(request, f"{did} in slot {record.slot}, and has a record in {slot}"))
        elif applied and request in self.refused_for_good:
            self.view.file(Repeated(request, f"{did} in slot {record.slot} after it failed for good"))
        self.recorded[request] = Remembered(request, record.deadline, answer)
        self.made_by[request] = self.attempts.get(request, 0)

    def remembered(self, timestamp: int) -> dict[RequestId, Remembered]:
        """What every replica that has applied all through this commit timestamp must remember."""
        return {request: kept for request, kept in self.recorded.items() if kept.deadline >= timestamp}

    def settle_lost(self, now: int) -> None:
        """Settle the operations of unknown outcome whose deadline lies before a chosen timestamp: they took
        effect by then, or never will.
        """
        for request, (keys, deadline) in list(self.lost.items()):
            if deadline < now:
                del self.lost[request]
                recorded = self.recorded.get(request)
                applied = recorded is not None and recorded.answer.applied
                for key in keys:
                    judge = self.judges.get(key)
                    wrong = None if judge is None else judge.settle(request, applied)
                    if wrong is not None:
                        self.view.file(Unlinearizable(key, wrong))

    def forget_requests(self, through: int, now: int) -> None:
        """Forget what no answer can refer to any more, through this slot and before this timestamp."""
        self.written = {
            at: item for at, item in self.written.items() if at[1] > through or self.items.get(at[0]) == item
        }
        self.recorded = {
            request: kept
            for request, kept in self.recorded.items()
            if kept.answer.slot > through or kept.deadline >= now or self.undecided(request)
        }
        self.made_by = {request: last for request, last in self.made_by.items() if request in self.recorded}
        self.attempts = {request: last for request, last in self.attempts.items() if self.undecided(request)}
        self.answers = {
            request: said
            for request, said in self.answers.items()
            if (said is not None and said.slot > through) or self.undecided(request)
        }
        self.crossed = {one: child for one, child in self.crossed.items() if child.may_answer(one)}
        for request in list(self.refused_for_good)[:-WINDOW]:
            del self.refused_for_good[request]

    def may_answer(self, request: RequestId) -> bool:
        """Whether an answer to a write can be compared with others."""
        return request in self.answers or request in self.crossed

    def undecided(self, request: RequestId) -> bool:
        """Whether a client waits for this request, or has given up without knowing what became of it."""
        return request in self.open or request in self.lost
