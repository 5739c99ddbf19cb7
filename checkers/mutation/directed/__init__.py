"""Directed scenarios: what exploration finds rarely or never, scripted step by step, judged by the same
specs.
"""
