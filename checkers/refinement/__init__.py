"""Refinement: is a run of the implementation a behaviour of its model, and which of its states did it see?"""
