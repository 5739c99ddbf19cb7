# Type checkers read the public names here; a running program loads them when it uses them.

from dynaproof.checkers.patches import Bug, Edit, bug
from dynaproof.checkers.proofs.obligation import (
    Obligation,
    Proof,
    Said,
    Unit,
    implies,
    negation,
    obligation,
    prove,
)
from dynaproof.checkers.refinement.following import Followed, follow
from dynaproof.checkers.runs.fault import FaultKind as Fault
from dynaproof.checkers.runs.kind import Kind
from dynaproof.checkers.runs.overview import Overview
from dynaproof.checkers.runs.refining import Refinement
from dynaproof.checkers.runs.requests import Due, Requests
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import OF_ANY_WORLD as FAULTS
from dynaproof.checkers.seam import Event, Strategy
from dynaproof.checkers.state_space.explore import Result as ModelResult
from dynaproof.checkers.strategies.untimed import RandomWalk
from dynaproof.checkers.workloads.called_history import linearizable
from dynaproof.functions import check, explore, explore_model, replay, shrink, trace
from dynaproof.impl.capacity.arithmetic import div, maximum, minimum, select
from dynaproof.impl.client_notes import Called, Returned
from dynaproof.impl.handlers import Node, node_id
from dynaproof.impl.node import Disk, Env, Message, NodeId, Note, Timer
from dynaproof.load_result import Load
from dynaproof.loading import load
from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Enum,
    Expected,
    Int,
    Majorities,
    Messages,
    Model,
    Option,
    Range,
    Scalar,
    Seq,
    Set,
    Tuple,
    action,
    always,
    always_possible,
    eventually,
    initial,
    require,
    sometimes,
    terminal,
)
from dynaproof.results import Campaign, Replay, Shrunk, Trace, Verdict
from dynaproof.specs.history import History
from dynaproof.specs.spec import Violation, spec
from dynaproof.specs.views.nodes import Nodes

__version__: str

__all__ = [
    "FAULTS",
    "Array",
    "Bool",
    "Bug",
    "Called",
    "Campaign",
    "Constant",
    "Disk",
    "Due",
    "Edit",
    "Enum",
    "Env",
    "Event",
    "Expected",
    "Fault",
    "Followed",
    "History",
    "Int",
    "Kind",
    "Load",
    "Majorities",
    "Message",
    "Messages",
    "Model",
    "ModelResult",
    "Node",
    "NodeId",
    "Nodes",
    "Note",
    "Obligation",
    "Option",
    "Overview",
    "Proof",
    "RandomWalk",
    "Range",
    "Refinement",
    "Replay",
    "Requests",
    "Returned",
    "Said",
    "Scalar",
    "Scenario",
    "Seq",
    "Set",
    "Shrunk",
    "Strategy",
    "Timer",
    "Trace",
    "Tuple",
    "Unit",
    "Verdict",
    "Violation",
    "action",
    "always",
    "always_possible",
    "bug",
    "check",
    "div",
    "eventually",
    "explore",
    "explore_model",
    "follow",
    "implies",
    "initial",
    "linearizable",
    "load",
    "maximum",
    "minimum",
    "negation",
    "node_id",
    "obligation",
    "prove",
    "replay",
    "require",
    "select",
    "shrink",
    "sometimes",
    "spec",
    "terminal",
    "trace",
]
