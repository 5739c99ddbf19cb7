"""Reads public state of the implementation, and of models, into views. Only these modules of `specs` import
them.
"""
