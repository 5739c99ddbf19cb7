"""Whom a storage node tells where the metadata is, and what it passes on to other nodes (A15 and M7)."""

from __future__ import annotations

import pytest

from dynaproof.impl.metadata.messages import Leading, MetadataAt
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import ConfigStatus, CreateReplica, DropReplica, Vacant
from tests.examples.test_agent import NODES, OF_METADATA, ROUTER, Node, make_metadata

ME, HOST, OTHER = NODES
ELSEWHERE = Hosts(3, (OTHER.address, HOST.address))
HERE_TOO = Hosts(3, (ME.address, HOST.address, OTHER.address))


def told(node: Node, message: Message, sender: NodeId) -> list[Message]:
    """Where the metadata is, as the sender hears when it says this."""
    return [m for _, m in node.tell(message, METADATA, sender) if isinstance(m, MetadataAt)]


def knowing(hosts: Hosts, *, replica: bool) -> Node:
    """A node that knows these hosts; whether it has a replica of the metadata."""
    node = Node()
    if replica:
        assert make_metadata(node, HOST)
    node.tell(MetadataAt(hosts), METADATA, HOST)
    assert node.node.journal.hosts == hosts
    return node


@pytest.mark.parametrize(
    ("message", "sender", "hears"),
    [
        (ConfigStatus(), ROUTER, True),
        (Vacant(HOST, 0), HOST, True),
        (Leading(HOST, (), 2), HOST, True),
        (Leading(HOST, (), 3), HOST, False),
    ],
)
def test_a_node_without_the_metadata_tells_all_that_ask_for_it_and_may_know_less(
    message: Message, sender: NodeId, hears: bool
) -> None:
    node = knowing(ELSEWHERE, replica=False)
    assert told(node, message, sender) == ([MetadataAt(ELSEWHERE)] if hears else [])


def test_as_long_as_the_metadata_has_not_moved_nobody_is_told() -> None:
    for message in (ConfigStatus(), Vacant(HOST, 0), Leading(HOST, (), 0)):
        assert told(Node(), message, HOST) == []


@pytest.mark.parametrize(
    ("replica", "message", "sender", "hears"),
    [
        (False, ConfigStatus(), ROUTER, True),
        (False, Vacant(HOST, 0), HOST, False),
        (True, ConfigStatus(), ROUTER, False),
        (True, Vacant(HOST, 0), HOST, False),
        (True, Vacant(ROUTER, 0), ROUTER, True),
    ],
)
def test_a_host_of_the_metadata_tells_those_that_are_none_and_hear_nothing_else(
    replica: bool, message: Message, sender: NodeId, hears: bool
) -> None:
    node = knowing(HERE_TOO, replica=replica)
    assert told(node, message, sender) == ([MetadataAt(HERE_TOO)] if hears else [])


def test_what_the_leader_of_the_metadata_commands_another_node_is_passed_on() -> None:
    """The link between the two may be cut."""
    node, member = knowing(HERE_TOO, replica=True), Member(OTHER, 12)
    for command in (CreateReplica(member, OF_METADATA, 0), DropReplica(member)):
        node.tell(command, METADATA, HOST)
        assert (METADATA, command) in node.heard(OTHER)
