"""The mathematics, one step at a time, and what keeps its outputs."""
