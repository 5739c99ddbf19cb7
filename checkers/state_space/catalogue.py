"""All models by name, and users' models by file."""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from dynaproof.checkers.user_file import UserFileError, fitting, imported
from dynaproof.model.language import Model

NAMES: dict[str, str] = {
    "two_phase_commit": "dynaproof.model.two_phase_commit:TwoPhaseCommit",
    "paxos": "dynaproof.model.paxos:Paxos",
    "multi_paxos": "dynaproof.model.multi_paxos:MultiPaxos",
    "one_no_op": "dynaproof.model.multi_paxos.one_no_op:OneNoOp",
    "long_tail": "dynaproof.model.long_tail:LongTail",
    "reconfiguration": "dynaproof.model.reconfiguration:Reconfiguration",
    "admission": "dynaproof.model.admission:Admission",
    "after_one_loss": "dynaproof.model.admission:AfterOneLoss",
    "replacement": "dynaproof.model.replacement:Replacement",
    "config_lease": "dynaproof.model.config_lease:ConfigLease",
    "lease": "dynaproof.model.lease:Lease",
    "catch_up": "dynaproof.model.catch_up:CatchUp",
    "split": "dynaproof.model.split:Split",
    "hosting": "dynaproof.model.hosting:Hosting",
    "shared_pages": "dynaproof.model.shared_pages:SharedPages",
    "pages_come_home": "dynaproof.model.shared_pages:PagesComeHome",
    "request_id": "dynaproof.model.request_id:RequestId",
    "shard": "dynaproof.model.shard:Shard",
    "restore": "dynaproof.model.restore:Restore",
    "admin_members": "dynaproof.model.admin_members:AdminMembers",
    "child_voters": "dynaproof.model.child_voters:ChildVoters",
    "deaf_leader": "dynaproof.model.deaf_leader:DeafLeader",
    "mourning": "dynaproof.model.mourning:Mourning",
    "deletion": "dynaproof.model.deletion:Deletion",
    "admin_split": "dynaproof.model.admin_split:AdminSplit",
    "tables": "dynaproof.model.tables:Tables",
    "floors": "dynaproof.model.floors:Floors",
    "delete_split": "dynaproof.model.delete_split:DeleteSplit",
    "takeover": "dynaproof.model.takeover:Takeover",
    "on_demand": "dynaproof.model.on_demand:OnDemand",
    "router": "dynaproof.model.router:Router",
    "hints": "dynaproof.model.hints:Hints",
    "paging": "dynaproof.model.paging:Paging",
    "dns_plan": "dynaproof.model.dns_plan:DnsPlan",
}
"""Where each model of the system is."""


def find(name: str) -> type[Model]:
    """The model of a name: one of `NAMES`, or a user's, as `FILE.py` or `FILE.py:Class`.

    Raises:
        KeyError: no model has that name.
        UserFileError: the file has no model, or several and none is named.
    """
    if name in NAMES:
        module, _, attribute = NAMES[name].partition(":")
        found: type[Model] = getattr(importlib.import_module(module), attribute)
        return found
    path, _, attribute = name.partition(":")
    if not path.endswith(".py"):
        raise KeyError(name)
    if attribute:
        named: type[Model] = fitting(name, is_model, "a model is a class that derives from Model")
        return named
    models = {one.__name__: one for one in models_of(imported(Path(path))) if one.violates is None}
    if not models:
        raise UserFileError(f"{path}: there is no model in it: no class that derives from Model")
    if len(models) > 1:
        one = f"{path}:{next(iter(models))}"
        raise UserFileError(f"{path}: there are {len(models)} models in it: name one of them, as in {one}")
    return next(iter(models.values()))


def is_model(found: object) -> bool:
    """Whether something is the class of a model, without a seeded bug."""
    return (
        inspect.isclass(found) and issubclass(found, Model) and found is not Model and found.violates is None
    )


def models_of(module: ModuleType) -> Iterator[type[Model]]:
    """The models that a module defines, in the order of its text."""
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, Model) and value.__module__ == module.__name__:
            yield value
