"""hyp: scheduled phone calls for voice agents, at the right local time, dialled exactly once, explained."""

__version__ = "0.1.0"
