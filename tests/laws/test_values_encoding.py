"""The canonical bytes of items: equality of items is equality of bytes."""

from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.generators import items
from dynaproof.impl.values.attribute import AttributeValue, Item, L, M
from dynaproof.impl.values.encoding import decode_item, encode_item


def reordered(value: AttributeValue) -> AttributeValue:
    """An equal value whose maps were made in the opposite order."""
    if isinstance(value, M):
        return M({name: reordered(inner) for name, inner in reversed(value.value.items())})
    if isinstance(value, L):
        return L(tuple(map(reordered, value.value)))
    return value


@given(items)
def test_an_item_is_what_its_bytes_decode_to(item: Item) -> None:
    assert decode_item(encode_item(item)) == item


@given(items)
def test_the_order_in_which_an_item_was_made_does_not_show_in_its_bytes(item: Item) -> None:
    other = {name: reordered(value) for name, value in reversed(item.items())}
    assert encode_item(other) == encode_item(item)


@given(items, st.data())
def test_items_are_equal_exactly_if_their_bytes_are(item: Item, data: st.DataObject) -> None:
    other = data.draw(items | st.just(dict(item)))
    assert (item == other) == (encode_item(item) == encode_item(other))
