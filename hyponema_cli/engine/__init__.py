"""The pass that makes calls happen: settle what is in flight, materialise what is due, decide, dial, record."""
