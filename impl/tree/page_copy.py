"""A copy of trees from another file, page by page: each page is verified, and none is asked for twice.

The pages get numbers of their own, in a file of their own, and a page is written once all below it is there.
So a page that was copied below one root is used again for any other root that needs a page with the same
digest, whatever its number at the source: that is how a copy goes on where the newest root, or the source,
has changed.

*Invariant.* A digest in `have` stands for a page of the file under which everything is whole.

Source: Merkle, *A Digital Signature Based on a Conventional Encryption Function*, CRYPTO 1987.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from dynaproof.impl.journal.frames import UnknownFormatError
from dynaproof.impl.kept import keep_newest
from dynaproof.impl.node import Disk
from dynaproof.impl.tree.pages import (
    Page,
    PageRef,
    RottenPageError,
    decode_page,
    encode_page,
)


class Place:
    """Where a page belongs: at child `at` of a branch, or, without one, at the root of the tree `at`."""

    __slots__ = ("at", "branch")

    def __init__(self, branch: Partial | None, at: int) -> None:
        self.branch = branch
        self.at = at


class Wanted:
    """A page that is not here yet: the source's reference to it, the tree that it is part of, and its
    place.
    """

    __slots__ = ("place", "ref", "tree")

    def __init__(self, ref: PageRef, tree: int, place: Place) -> None:
        self.ref, self.tree, self.place = ref, tree, place


class Partial:
    """A page that came, and below which `left` pages are not whole yet."""

    __slots__ = ("children", "left", "page", "wanted")

    def __init__(self, wanted: Wanted, page: Page) -> None:
        self.wanted, self.page = wanted, page
        self.children: list[PageRef | None] = [None] * len(page.children)
        self.left = len(page.children)


class PageCopy:
    """Receives the pages below some roots of one file, each verified by the reference that led to it.

    Depth first, so the branches that wait, and the references to what is missing, are bounded by the heights
    of the trees and by what is asked for at a time.
    """

    def __init__(self, disk: Disk, file: str, page_bytes: int, digests_kept: int) -> None:
        disk.remove_file(file)
        self.disk = disk
        self.file = file
        self.page_bytes = page_bytes
        self.digests_kept = digests_kept
        self.have: dict[tuple[int, bytes], PageRef] = {}
        """By tree and digest, where a page lies in this file; of the newest `digests_kept` pages. By tree,
        because no two trees of a file may share a page: a change in one would free it under the other.
        """
        self.roots: list[PageRef | None] = []
        """The roots in this file; None while something below is missing."""
        self.asked: dict[int, Wanted] = {}
        """By the source's number, what was asked for and has not come."""
        self._missing: list[Wanted] = []
        self._next_page = 0
        self._from: tuple[PageRef, ...] = ()

    def begin(self, roots: Sequence[PageRef]) -> None:
        """Copy what is below these roots; pages that equal some copied for other roots are not asked for."""
        self._from = tuple(roots)
        self.roots = [None] * len(self._from)
        self.asked = {}
        self._missing = []
        for tree in reversed(range(len(self._from))):
            self._want(Wanted(self._from[tree], tree, Place(None, tree)))

    @property
    def brought(self) -> int:
        """How many pages its file has: those of all roots that were copied from."""
        return self._next_page

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return None not in self.roots

    def ask(self, limit: int) -> tuple[int, ...]:
        """The source's numbers of the next pages to ask for, at most `limit`."""
        asked: list[int] = []
        while self._missing and len(asked) < limit:
            wanted = self._missing.pop()
            self.asked[wanted.ref.page] = wanted
            asked.append(wanted.ref.page)
        return tuple(asked)

    def ask_again(self, numbers: Sequence[int]) -> None:
        """These pages did not come: ask for them first."""
        for number in reversed(numbers):
            wanted = self.asked.pop(number, None)
            if wanted is not None:
                self._missing.append(wanted)

    def take(self, number: int, data: bytes) -> bool:
        """Take a page that was asked for; False if it is not the one that its reference means.

        Then the source no longer numbers its pages as when it gave the reference, and the copy begins again
        at the roots, with all that it has.
        """
        wanted = self.asked.get(number)
        if wanted is None:
            return True  # A repeated or late answer.
        try:
            page = decode_page(wanted.ref, data)
        except (RottenPageError, UnknownFormatError):  # Its own disk is as sound as before.
            self.begin(self._from)
            return False
        del self.asked[number]
        if page.children:
            self._take_branch(Partial(wanted, page))
        else:
            self._put(wanted, page)
        return True

    def _take_branch(self, branch: Partial) -> None:
        """Look for the children here, and want the others, the first of them first."""
        tree = branch.wanted.tree
        for at in reversed(range(len(branch.page.children))):
            self._want(Wanted(branch.page.children[at], tree, Place(branch, at)))

    def _want(self, wanted: Wanted) -> None:
        """Take a page from what is here, or put it on the list of what is missing."""
        here = self.have.get((wanted.tree, wanted.ref.digest))
        if here is None:
            self._missing.append(wanted)
        else:
            self._place(wanted.place, here)

    def _put(self, wanted: Wanted, page: Page) -> None:
        """Write a page under which all is whole, in the next number of this file."""
        ref = PageRef(self._next_page, wanted.ref.digest)
        self._next_page += 1
        self.disk.write_page(self.file, ref.page, encode_page(ref.page, page, self.page_bytes))
        self.have[wanted.tree, ref.digest] = ref
        keep_newest(self.have, self.digests_kept)
        self._place(wanted.place, ref)

    def _place(self, place: Place, ref: PageRef) -> None:
        """Put a page in its place; a branch that is whole with it is written too."""
        branch = place.branch
        if branch is None:
            self.roots[place.at] = ref
            return
        branch.children[place.at] = ref
        branch.left -= 1
        if not branch.left:
            self._put(
                branch.wanted,
                structs.replace(
                    branch.page, children=tuple(ref for ref in branch.children if ref is not None)
                ),
            )
