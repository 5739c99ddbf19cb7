"""Frames and journals of frames on a disk: of replicas and of storage nodes alike.

What is in a frame is its owner's business. Imports `dynaproof.impl.node`.
"""
