"""How a partition's journal is read: the protocol's journal records, with a partition's records in them."""

from __future__ import annotations

from dynaproof.impl.partition.records import LogRecord
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.paxos.log import decoder

decode = decoder(LogRecord, PartitionSnapshot)
