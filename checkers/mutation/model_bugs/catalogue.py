"""The seeded bugs of each model of the system, and those that users' models state themselves."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from dynaproof.checkers.mutation.model_bugs import (
    admin_members,
    admin_split,
    admission,
    catch_up,
    child_voters,
    config_lease,
    deaf_leader,
    delete_split,
    deletion,
    dns_plan,
    floors,
    hints,
    hosting,
    lease,
    long_tail,
    mourning,
    multi_paxos,
    on_demand,
    one_no_op,
    paging,
    paxos,
    reconfiguration,
    replacement,
    request_id,
    restore,
    router,
    shard,
    shared_pages,
    split,
    tables,
    takeover,
    two_phase_commit,
)
from dynaproof.checkers.mutation.model_bugs.patched import ModelBug, patched
from dynaproof.model.language import Model

MODEL_BUGS: Final[dict[str, tuple[ModelBug, ...]]] = {
    "dynaproof.model.two_phase_commit:TwoPhaseCommit": two_phase_commit.BUGS,
    "dynaproof.model.paxos:Paxos": paxos.BUGS,
    "dynaproof.model.multi_paxos.promises:MultiPaxos": multi_paxos.BUGS,
    "dynaproof.model.multi_paxos.one_no_op:OneNoOp": one_no_op.BUGS,
    "dynaproof.model.long_tail:LongTail": long_tail.BUGS,
    "dynaproof.model.reconfiguration.promises:Reconfiguration": reconfiguration.BUGS,
    "dynaproof.model.admission:Admission": admission.BUGS,
    "dynaproof.model.admission:AfterOneLoss": admission.BUGS_AFTER_ONE_LOSS,
    "dynaproof.model.replacement:Replacement": replacement.BUGS,
    "dynaproof.model.config_lease:ConfigLease": config_lease.BUGS,
    "dynaproof.model.lease:Lease": lease.BUGS,
    "dynaproof.model.catch_up:CatchUp": catch_up.BUGS,
    "dynaproof.model.split:Split": split.BUGS,
    "dynaproof.model.hosting:Hosting": hosting.BUGS,
    "dynaproof.model.shared_pages.promises:SharedPages": shared_pages.BUGS,
    "dynaproof.model.shared_pages.promises:PagesComeHome": shared_pages.BUGS_OF_WHAT_STAYS,
    "dynaproof.model.request_id:RequestId": request_id.BUGS,
    "dynaproof.model.shard:Shard": shard.BUGS,
    "dynaproof.model.restore:Restore": restore.BUGS,
    "dynaproof.model.admin_members:AdminMembers": admin_members.BUGS,
    "dynaproof.model.child_voters:ChildVoters": child_voters.BUGS,
    "dynaproof.model.deaf_leader:DeafLeader": deaf_leader.BUGS,
    "dynaproof.model.mourning:Mourning": mourning.BUGS,
    "dynaproof.model.deletion:Deletion": deletion.BUGS,
    "dynaproof.model.admin_split:AdminSplit": admin_split.BUGS,
    "dynaproof.model.tables:Tables": tables.BUGS,
    "dynaproof.model.floors:Floors": floors.BUGS,
    "dynaproof.model.delete_split:DeleteSplit": delete_split.BUGS,
    "dynaproof.model.takeover:Takeover": takeover.BUGS,
    "dynaproof.model.on_demand:OnDemand": on_demand.BUGS,
    "dynaproof.model.router:Router": router.BUGS,
    "dynaproof.model.hints:Hints": hints.BUGS,
    "dynaproof.model.paging:Paging": paging.BUGS,
    "dynaproof.model.dns_plan:DnsPlan": dns_plan.BUGS,
}
"""By the class that they are bugs of."""


def bugs_of(kind: type[Model]) -> tuple[type[Model], ...]:
    """The models that a model becomes with each of its seeded bugs.

    Raises:
        BugError: a bug does not fit the text of our model.
    """
    where = f"{kind.__module__}:{kind.__qualname__}"
    return _ours(where) if where in MODEL_BUGS else tuple(kind.bugs)


def bug_of(kind: type[Model], name: str) -> type[Model]:
    """The model that a model becomes with the seeded bug of that name; KeyError where it has none such."""
    return {one.__name__: one for one in bugs_of(kind)}[name]


@cache
def _ours(where: str) -> tuple[type[Model], ...]:
    module, _, name = where.partition(":")
    kind: type[Model] = getattr(import_module(module), name)
    return tuple(patched(kind, bug) for bug in MODEL_BUGS[where])
