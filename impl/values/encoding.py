"""The canonical bytes of an item: what the replication log, the B-tree and the messages of a group carry.

*Invariant.* Equal items have equal bytes and different items different ones, so equality of items is equality
of bytes, and `decode_item(encode_item(item)) == item`. Values have one form (`attribute.py`); what has no
order, the attributes of an item and the names of a map, is sorted here.
"""

from __future__ import annotations

import msgspec

from dynaproof.impl.values.attribute import Item

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(Item).decode


def encode_item(item: Item) -> bytes:
    """The bytes of an item."""
    return _encode(item)


def decode_item(data: bytes) -> Item:
    """The item of these bytes. Raises `msgspec.MsgspecError` if they are not an item."""
    return _decode(data)
