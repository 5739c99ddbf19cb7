"""The faults that any world has, whatever its nodes do: crashes, lost disks, cuts, clocks, slowness, loss."""

from __future__ import annotations

from dynaproof.checkers.runs.fault import Falling, FaultKind, Ground
from dynaproof.checkers.world.place import Place

LOSSINESS = 20_000
"""Chance, in parts of 65536, that a message is lost while a `message loss` lasts."""

SLOWNESS = 20
"""How many times longer a slow node's messages and syncs take."""


class Stop(FaultKind):
    """The base of faults that stop a node; it comes back when they are mended."""

    mend = "start"
    mend_sentence = "{} restarts"
    running = True

    def pending(self, place: Place) -> bool:
        """Until the node is up and nothing waits for its next sync."""
        return not place.up or bool(place.armed)

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """Start it; an armed fault that met no sync has not fallen."""
        place.armed = ""
        if not place.up:
            ground.restart(place, f"fault{number}/disk")


class Crash(Stop):
    """A node stops."""

    name = "crash"
    sentence = "{} crashes"
    certain = True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Stop it."""
        ground.world.crash(place, f"fault{number}")
        return self.name


class ArmedStop(Stop):
    """The base of faults that wait for the node's next sync."""

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """Wait; the world counts it once a sync has met it."""
        place.armed = self.name


class CrashInSync(ArmedStop):
    """A node stops while a sync is running: what that covers is in doubt."""

    name = "crash in sync"
    sentence = "{} will crash inside its next sync"


class CrashBehindPages(ArmedStop):
    """A node stops once a sync has made pages durable: what names them is not."""

    name = "crash behind pages"
    sentence = "{} will crash once pages of it are synced"


class FailedSync(ArmedStop):
    """A sync fails, which stops the node."""

    name = "failed sync"
    sentence = "the next sync of {} will fail"


class LostDisk(Stop):
    """A node stops, and comes back on an empty disk as another incarnation."""

    name = "lost disk"
    sentence = "{} crashes and loses its disk"
    impairs = True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Stop it, and take its disk away."""
        ground.world.crash(place, f"fault{number}", lose_disk=True)
        return self.name


class Cut(FaultKind):
    """The base of faults that cut links."""

    mend = "heal"
    mend_sentence = "the cut around {} heals"
    certain = True

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """The directed links that it cuts, by name."""
        raise NotImplementedError

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Cut them."""
        ground.cut(self.links(ground, place, fault), number)
        return self.name

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """Join them."""
        ground.join(self.links(ground, place, fault), number)


def into(place: Place, others: list[str]) -> list[str]:
    """The links from these nodes to one."""
    return [f"{other}>{place.name}" for other in others]


def out_of(place: Place, others: list[str]) -> list[str]:
    """The links from one node to these."""
    return [f"{place.name}>{other}" for other in others]


def all_others(ground: Ground, place: Place) -> list[str]:
    """All nodes but this one."""
    return [name for name in ground.world.places if name != place.name]


def peers(ground: Ground, place: Place) -> list[str]:
    """The other nodes that faults hit."""
    return [target.name for target in ground.targets if target is not place]


class Partition(Cut):
    """A node is cut off. Every other one leaves the clients with it: a leader then serves by its lease alone,
    to its end.
    """

    name = "partition"
    sentence = "{} is cut off"

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """In both directions."""
        others = peers(ground, place) if fault.amount % 2 else all_others(ground, place)
        return [*into(place, others), *out_of(place, others)]


class OneWayCut(Cut):
    """A node hears nothing, or is not heard."""

    name = "one-way cut"
    sentence = "{} is cut off in one direction"

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """In one direction."""
        others = all_others(ground, place)
        return into(place, others) if fault.amount % 2 else out_of(place, others)


class GrayLink(Cut):
    """A node and one of its peers do not hear each other; all others hear both."""

    name = "gray link"
    sentence = "the link between {} and one peer is cut"

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where it has a peer."""
        return len(ground.targets) > 1

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """With one peer, in both directions."""
        others = peers(ground, place)
        other = [others[fault.amount % len(others)]]
        return [*into(place, other), *out_of(place, other)]


class WallStep(FaultKind):
    """A wall clock steps, forward or back."""

    name = "wall step"
    sentence = "the wall clock of {} steps"
    certain = True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Step it by up to two seconds."""
        place.wall_offset += fault.amount * 4 - (1 << 21)
        return self.name


class SlowNode(FaultKind):
    """A node's messages and syncs take long."""

    name = "slow node"
    sentence = "{} becomes slow"
    mend = "fast"
    mend_sentence = "{} is as fast as before"
    certain = True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Slow it down."""
        place.slow = SLOWNESS
        ground.lasts(number)
        return self.name

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """As fast as before, unless another fault still slows it."""
        if not any(other is place for other in ground.over(number)):
            place.slow = 1


class MessageLoss(FaultKind):
    """Many messages are lost, on all links."""

    name = "message loss"
    sentence = "many messages are lost from here on"
    mend = "lossless"
    mend_sentence = "messages are lost as rarely as before"
    certain = True

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Lose them."""
        ground.world.loss = LOSSINESS
        ground.lasts(number)
        return self.name

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """As rarely as before, unless another such fault still lasts."""
        if not ground.over(number):
            ground.world.loss = ground.base_loss


CRASH = Crash()
CRASH_IN_SYNC = CrashInSync()
CRASH_BEHIND_PAGES = CrashBehindPages()
FAILED_SYNC = FailedSync()
LOST_DISK = LostDisk()
PARTITION = Partition()
ONE_WAY_CUT = OneWayCut()
GRAY_LINK = GrayLink()
WALL_STEP = WallStep()
SLOW_NODE = SlowNode()
MESSAGE_LOSS = MessageLoss()

OF_ANY_WORLD: tuple[FaultKind, ...] = (
    CRASH,
    CRASH_IN_SYNC,
    FAILED_SYNC,
    LOST_DISK,
    PARTITION,
    ONE_WAY_CUT,
    GRAY_LINK,
    WALL_STEP,
    SLOW_NODE,
    MESSAGE_LOSS,
)
"""What may go wrong for any node."""
