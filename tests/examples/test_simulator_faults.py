"""The injector: its budget, and what is left of the faults in the fair end."""

from collections.abc import Callable

import pytest
from msgspec import structs

from dynaproof.checkers.kinds.group import HOST, REPLICAS
from dynaproof.checkers.kinds.replica_host import HOST_MESSAGES
from dynaproof.checkers.patches import Edit, bug, seeded
from dynaproof.checkers.runs.config import FOREMOST, Fault
from dynaproof.checkers.runs.exploring import Exploring
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.world_faults import PARTITION as CUT_OFF
from dynaproof.checkers.scenarios.catalogue import config_of, execute
from dynaproof.checkers.scenarios.partition import FAULTS, PARTITION, draw
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.impl.journal.frames import encode_frame
from dynaproof.impl.node import ONLY_LANE
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.paxos.files import log_prefix
from dynaproof.impl.paxos.log import ReplicationLog
from dynaproof.impl.storage_node.node_journal import PREFIX
from dynaproof.specs.observe.impl.place import replica_of


class Hears:
    """Tells of damage and of what is sent."""

    def __init__(self) -> None:
        self.damaged: list[tuple[Place, str]] = []
        self.sent_by: Callable[[Place], None] | None = None

    def listens(self, place: Place) -> Listening:
        return Listening(
            damaged=lambda place, file: self.damaged.append((place, file)),
            sent=dict.fromkeys(HOST_MESSAGES, self.sent),
        )

    def sent(self, place: Place, *_: object) -> None:
        if self.sent_by is not None:
            self.sent_by(place)


def run_with(faults: list[Fault], seed: int = 5, hears: Hears | None = None) -> Run:
    config = structs.replace(draw("partition", seed, "timed"), faults=tuple(faults), length=1_000)
    run = Run(PARTITION, config, Timed(config.seed), () if hears is None else (hears,))
    run.set_up()
    return run


def impaired(run: Run) -> str | None:
    found: str | None = run.injector.budgets[HOST].impaired_at  # type: ignore[attr-defined]
    return found


def test_no_second_voter_is_impaired_before_the_first_is_whole_again() -> None:
    kinds = ("lost disk", "lost disk", "rot", "crash")
    run = run_with(
        [Fault(kind, 900, target, 10, 0) for kind, target in zip(kinds, (0, 1, 2, 1), strict=True)]
    )
    slots = [run.world.places[node.name] for node in REPLICAS]
    assert run.injector.fall(0)
    assert impaired(run) == slots[0].name
    for number, target in ((1, 1), (2, 2)):
        assert not run.injector.fall(number)
        assert slots[target].up
        assert slots[target].id.incarnation == 1
    assert run.injector.injected == {"lost disk": 1}
    assert run.injector.fall(3)
    assert not slots[1].up, "crashes are not of the budget"


def test_a_crashed_node_comes_back_after_the_steps_of_its_fault() -> None:
    run = run_with([Fault("crash", 20, 1, 30, 0)])
    slot = run.world.places[REPLICAS[1].name]
    for step, up in ((19, True), (20, False), (49, False), (50, True)):
        run.injector.at(step)
        assert slot.up is up, step


def test_rot_damages_one_byte_that_was_synced_and_observers_hear_of_it() -> None:
    hears = Hears()
    run = run_with([Fault("rot", 900, 2, 10, 12_345)], hears=hears)
    slot = run.world.places[REPLICAS[2].name]
    before: list[dict[str, bytes]] = []
    rot = slot.disk.rot

    def kept() -> dict[str, bytes]:
        return {log: bytes(slot.disk.durable_log(log)) for log in slot.disk.durable_logs("")}

    def watched(log: str, at: int, mask: int) -> None:
        before.append(kept())
        rot(log, at, mask)

    slot.disk.rot = watched  # type: ignore[method-assign]
    assert run.injector.fall(0)
    ((place, file),) = hears.damaged
    assert place is slot
    (old,), new = before, kept()
    assert old.keys() == new.keys()
    changed = [
        (log, at)
        for log in old
        for at, (one, other) in enumerate(zip(old[log], new[log], strict=True))
        if one != other
    ]
    assert [log for log, _ in changed] == [file]


@pytest.mark.parametrize("end", ["all", "majority", "gray"])
def test_the_fair_end_keeps_down_what_it_says_and_nothing_else(end: str) -> None:
    left_out = {"lost disk", "rot", "page rot", "handover"}
    faults = [Fault(kind.name, 1, 1, 500, 3) for kind in FAULTS if kind.name not in left_out]
    run = run_with(faults)
    while run.injector.next == 1:
        run.injector.at(1)
    assert run.world.cut_links
    run.injector.heal(end)
    world = run.world
    assert (world.loss, world.duplication) == (0, 0)
    assert {slot.slow for slot in world.places.values()} == {1}
    down = [node.name for node in REPLICAS if not world.places[node.name].up]
    assert down == ([run.injector.excluded] if end == "majority" else [])
    assert len(world.cut_links) == (2 if end == "gray" else 0)
    run.injector.at(10_000)
    assert len(world.cut_links) == (2 if end == "gray" else 0), "nothing is mended that is meant to stay"


@pytest.mark.parametrize("kind", ["message loss", "slow node"])
def test_of_two_faults_that_overlap_each_lasts_to_its_own_end(kind: str) -> None:
    run = run_with([Fault(kind, 1, 0, 50, 0), Fault(kind, 20, 0, 100, 0), Fault(kind, 30, 1, 10, 0)])
    world, injector = run.world, run.injector
    slots = [world.places[node.name] for node in REPLICAS[:2]]
    usual = world.loss

    def worse() -> list[bool]:
        return [world.loss > usual] * 2 if kind == "message loss" else [slot.slow > 1 for slot in slots]

    for step, wanted in (
        (1, [True, False]),
        (20, [True, False]),
        (30, [True, True]),
        (45, [True, False]),
        (60, [True, False]),
    ):
        injector.at(step)
        assert worse() == (wanted if kind == "slow node" else [True, True]), step
    injector.at(121)
    assert worse() == [False, False]


def test_a_node_whose_own_journal_rots_gets_a_new_disk_and_a_new_replica() -> None:
    # It is one less than a multiple of each number up to 10, and the node's own log is last.
    last_of_few = 2_519
    faults = (Fault("rot", 100, 1, 10, 0), Fault("rot", 900, 1, 10, last_of_few))
    config = structs.replace(draw("partition", 6, "timed"), faults=faults, length=1_400)
    driver = Exploring()
    run = Run(PARTITION, config, driver.first(config))
    rotten: list[str] = []
    for slot in run.world.places.values():
        rot = slot.disk.rot

        def noted(log: str, at: int, mask: int, rot: Callable[[str, int, int], None] = rot) -> None:
            rotten.append(log)
            rot(log, at, mask)

        slot.disk.rot = noted  # type: ignore[method-assign]
    driver.drive(run)
    outcome = run.result()
    assert outcome.failure is None
    assert rotten[0].startswith("log/")
    assert rotten[1].startswith(PREFIX)
    assert outcome.reached["rot found"] == 1
    assert outcome.reached["voter replaced"] == 2
    assert run.world.places[REPLICAS[1].name].id.incarnation == 2


def test_a_node_journal_that_is_sound_and_holds_something_else_silences_the_node() -> None:
    run = run_with([])
    slot = run.world.places[REPLICAS[1].name]
    for payload in (b"\x90", b"", b"\xc1"):
        run.world.crash(slot, "test")
        (journal,) = slot.disk.logs(PREFIX)
        slot.disk.cut(journal, 0)
        slot.disk.append(journal, encode_frame(1, 0, payload))
        run.world.start(slot)
        assert not run.world.failed
        assert slot.node.broken  # type: ignore[attr-defined]
        assert replica_of(slot, ONLY_LANE) is None


@pytest.mark.parametrize("kind", ["crash in sync", "failed sync"])
def test_an_armed_node_stops_in_its_next_sync_and_lets_nothing_out(kind: str) -> None:
    hears = Hears()
    run = run_with([Fault(kind, 1, 1, 1_000, 0)], hears=hears)
    slot = run.world.places[REPLICAS[1].name]
    while slot.outbox.syncing or slot.outbox.needs_sync:
        run.world.step()
    run.injector.at(1)
    assert slot.up
    assert slot.armed == kind
    durable = slot.disk.durable
    let_out: list[str] = []
    hears.sent_by = lambda place: (
        let_out.append(place.name) if slot.outbox.needs_sync or slot.outbox.syncing else None
    )
    for _ in range(2_000):
        run.world.step()
        if not slot.up:
            break
    assert not slot.up
    assert run.world.fell[kind] == 1
    assert run.world.trace[-1:] or run.world.last is not None
    assert run.world.last is not None
    assert run.world.last.kind == ("sync_start" if kind == "crash in sync" else "sync_end")
    assert slot.disk.durable > durable, "what was written is decided: kept or gone"
    assert slot.name not in let_out
    run.injector.at(5_000)
    assert slot.up
    assert slot.armed == ""


def test_a_node_that_is_to_crash_behind_pages_stops_where_they_are_durable_and_not_named() -> None:
    run = run_with([Fault("crash behind pages", 1, 1, 5_000, 0)])
    place = run.world.places[REPLICAS[1].name]
    run.injector.at(1)
    for _ in range(5_000):
        replica = replica_of(place, ONLY_LANE)
        run.step()
        if not place.up:
            break
    assert run.world.fell["crash behind pages"] == 1
    assert run.world.last is not None
    assert run.world.last.kind == "sync_end"
    assert replica is not None
    assert replica.checkpoint is not None, "it was about to be named"
    prefix = log_prefix(replica.group, replica.incarnation)
    recovered = ReplicationLog.recover(place.disk.logs_on_platter(), prefix, decode)
    assert recovered is not None
    head = recovered[0].head
    assert head.snapshot is None or head.snapshot.slot < replica.checkpoint.snapshot.slot
    assert place.disk.durable_files()[replica.checkpoint.pages].keys() >= {
        root.page for root in replica.checkpoint.snapshot.roots
    }


def test_a_cut_that_overlaps_another_outlives_its_end() -> None:
    run = run_with([Fault("partition", 1, 0, 50, 0), Fault("partition", 20, 0, 100, 0)])
    injector, cut = run.injector, run.world.cut_links
    injector.at(1)
    injector.at(20)
    links = set(cut)
    injector.at(60)
    assert set(cut) == links
    injector.at(121)
    assert not cut


def test_every_other_partition_leaves_the_clients_with_the_node() -> None:
    run = run_with([Fault("partition", 1, 0, 50, 0), Fault("partition", 1, 0, 50, 1)])
    slot = run.injector.target(0)
    all_others, peers = (set(CUT_OFF.links(run.injector, slot, fault)) for fault in run.config.faults)
    assert peers == {"sa>sb", "sb>sa", "sa>sc", "sc>sa"}
    clients = ("c0", "c1", "c2", "reader")
    assert all_others - peers == {link for name in clients for link in (f"{name}>sa", f"sa>{name}")}


def test_a_leader_cut_off_from_its_peers_is_read_from_to_the_end_of_its_lease() -> None:
    read = 0
    for seed in (2, 4, 19, 20):
        config = structs.replace(
            draw("partition", seed, "timed"), readers=2, faults=(Fault("partition", 300, FOREMOST, 400, 1),)
        )
        outcome = execute(config)
        assert outcome.failure is None
        read += outcome.reached.get("lease read just before its end", 0) > 0
    assert read >= 2


CUTS_NOTHING = bug(
    "cuts_nothing",
    "A replica cuts nothing off its log.",
    Edit(
        "dynaproof.impl.paxos.learner",
        "return first\n",
        "return self.log.first\n",
        within="Learner.cut_first",
    ),
)


def test_a_replica_that_cuts_nothing_is_found_in_the_fair_end() -> None:
    with seeded(CUTS_NOTHING):
        failure = execute(config_of("partition", "portfolio", 1, 9)).failure
    assert failure is not None
    assert failure.spec == "logs_get_cut"


def test_what_a_reader_held_at_the_last_cut_may_still_be_there_however_far_it_has_read_since() -> None:
    assert execute(config_of("partition", "portfolio", 2, 607)).failure is None


def test_a_rotten_page_is_found_at_the_restart_and_the_replica_replaced() -> None:
    config = structs.replace(
        draw("partition", 6, "timed"), faults=(Fault("page rot", 500, 1, 10, 12_345),), length=1_000
    )
    outcome = execute(config)
    assert outcome.failure is None
    assert outcome.faults["page rot"] == 1
    assert outcome.reached["page rot found"] == outcome.reached["voter replaced"] == 1


@pytest.mark.parametrize("amount", [12_344, 12_345])
def test_a_lost_tail_is_found_at_the_restart_and_the_replica_replaced(amount: int) -> None:
    """Cut off, or zeroed."""
    config = structs.replace(
        draw("partition", 6, "timed"), faults=(Fault("lost tail", 500, 1, 10, amount),), length=1_000
    )
    outcome = execute(config)
    assert outcome.failure is None
    assert outcome.faults["lost tail"] == outcome.reached["voter replaced"] == 1


def test_a_lost_tail_is_a_mere_crash_where_no_segment_says_what_is_durable() -> None:
    run = run_with([Fault("lost tail", 1, 1, 10, 12_345)])
    assert run.injector.fall(0)
    assert run.injector.injected == {"crash": 1}
    assert impaired(run) is None


def test_page_rot_is_a_mere_crash_where_no_checkpoint_is_durable() -> None:
    run = run_with([Fault("page rot", 1, 1, 10, 12_345)])
    assert run.injector.fall(0)
    assert run.injector.injected == {"crash": 1}
    assert impaired(run) is None
