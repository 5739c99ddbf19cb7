"""Paging over a split: a scan reads on by a token, while the partition that it reads is split in two.

Items lie in the order of their places (the hash of the key, then the key), and a partition has a range of
places. A page is what one partition has from the token on, up to a number of items.

1. A token says only at which place the next page begins: it names neither a partition nor a count of items in
   one. The end of the scan is a place, too.
2. An answer is complete through its last item if the page was full, otherwise up to the end of the range of
   the partition that answered, whatever range the router's cache has.
3. A node that does not own the place refuses; the router looks the partition up again, and asks with the same
   token.

Source: DynamoDB developer guide, *Paginating table query results* (`LastEvaluatedKey`).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Range,
    action,
    always,
    require,
    sometimes,
    terminal,
)


class Paging(Model):
    """A scan returns each item once, whenever the partition is split."""

    places = Constant(4)
    page = Constant(3)

    Place = Range(0, places - 1)
    Page = Range(1, page)

    seen = Array(Place, Int(0, 2))
    at = Int(0, places)
    """The place in the token."""
    count = Int(0, places)
    """How many items of the partition at the token were read; no rule looks at it."""
    cache = Enum("parent", "children")
    split = Bool()
    done = Bool()

    @action
    def split_in_the_middle(self) -> None:
        """The partition is split; no cache knows."""
        require(not self.split)
        self.split = True

    @action
    def refresh(self) -> None:
        """The router's cache is refreshed, in the background or because it was refused (rule 3)."""
        require(self.split and self.cache == "parent")
        self.cache = "children"

    @action(n=Page)
    def next_page(self, n: int) -> None:
        """A page of at most `n` items from the partition at the token (rules 1 and 2)."""
        require(not self.done and (self.cache == "children") == self.split)
        middle = self.places // 2
        low = 0 if not self.split or self.at < middle else middle
        high = self.places if not self.split or self.at >= middle else middle
        start = self.begins_at(low)
        end = min(start + n, high)
        for place in self.Place:
            if start <= place < end:
                self.seen[place] = min(self.seen[place] + 1, 2)
        self.at = end
        self.count = end - low if end < high else 0
        self.done = end >= self.ends_at(high)

    def begins_at(self, low: int) -> int:
        """Where a page begins, of a partition whose range begins at `low` (rule 1)."""
        return int(self.at)

    def ends_at(self, high: int) -> int:
        """Where the scan ends, as a page knows that ends by `high` (rule 1)."""
        return int(self.places)

    @always
    def nothing_twice(self) -> bool:
        """No item is returned twice."""
        return all(self.seen[place] < 2 for place in self.Place)

    @always
    def nothing_skipped(self) -> bool:
        """When the scan is done, every item was returned."""
        return not self.done or all(self.seen[place] > 0 for place in self.Place)

    @terminal
    def is_over(self) -> bool:
        """Everything was read."""
        return bool(self.done)

    @sometimes
    def scanned_over_a_split(self) -> bool:
        """A scan over a split is done."""
        return bool(self.split and self.done)

    expected = (Expected({}, 17, 41, 5),)
