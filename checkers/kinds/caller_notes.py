"""What a region's observation makes of its admins, routers and users: they ask, are answered, become active,
or are gone.
"""

from __future__ import annotations

from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.workloads.user import User
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.admin.term import Activated
from dynaproof.impl.metadata.records import METADATA, ReplacementRecord, SplitRecord, WorkflowRecord
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.specs import sometimes_of_regions
from dynaproof.specs.observe.impl.place import has_cut_links


def activated(observation: RegionObservation, place: Place, _note: Activated) -> None:
    """An admin has become active."""
    if observation.metadata.of(ReplacementRecord):
        observation.reach(sometimes_of_regions.REPLACEMENT_TAKEN_OVER)
    if observation.metadata.of(SplitRecord):
        observation.reach(sometimes_of_regions.SPLIT_TAKEN_OVER)
    for other in place.world.places.values():
        node = other.node
        if other is not place and other.up and isinstance(node, Admin) and node.term.active:
            observation.reach(sometimes_of_regions.TWO_ADMINS)


def caller_crashed(observation: RegionObservation, place: Place, lost_disk: bool) -> None:
    """A router or an admin is gone, and with it all that it had under way."""
    node = place.node
    observation.tables.stopped(place)
    observation.orders.pop(place.name, None)
    observation.repairs.admin_stopped(place)
    observation.told.crashed(place.name)
    if isinstance(node, Admin) and node.term.active and under_way(observation):
        observation.reach(sometimes_of_regions.ADMIN_DIED)
        observation.splits.admin_died()
        observation.tables.admin_died(node)
    for group in observation.groups:
        observation.of(group).client_crashed(place, lost_disk)


def under_way(observation: RegionObservation) -> bool:
    """Whether a workflow of the metadata has not ended."""
    return any(map(observation.metadata.of, (WorkflowRecord, ReplacementRecord, SplitRecord)))


def user_asked(observation: RegionObservation, place: Place, note: UserAsked) -> None:
    """A user asks."""
    observation.users.on_asked(place, note)
    observation.told.asked(note, observation.groups[METADATA].answered_through)
    observation.tables.asked(place, note)
    observation.errors.asked(note, place.world.tau)


def user_answered(observation: RegionObservation, place: Place, note: UserAnswered) -> None:
    """A user was answered."""
    observation.users.on_answered(place, note)
    observation.told.answered(note, observation.groups[METADATA].view.chosen_through)
    observation.tables.answered(place, note)
    user = place.node
    assert isinstance(user, User)
    router = place.world.places[user.router.name]
    whole = router.up and not has_cut_links(router)
    observation.errors.answered(place.name, note, user.router, whole)


def user_crashed(observation: RegionObservation, place: Place, lost_disk: bool) -> None:
    """A user is gone."""
    observation.users.crashed(place, lost_disk)
    observation.told.crashed(place.name)
    observation.errors.crashed(place.name)
