"""Shared pages: how a node keeps the pages of a split, what that promises, and that nothing of it stays."""

from dynaproof.model.shared_pages.promises import PagesComeHome, SharedPages

__all__ = ["PagesComeHome", "SharedPages"]
