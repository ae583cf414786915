"""Decisions on values. Nothing here reads a clock, a file, the environment or the network, or rolls dice.

What depends on the moment takes it as an argument; what depends on chance takes the number drawn.
"""
