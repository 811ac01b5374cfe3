"""Corrections: how they are stored, what they do to the weights, and the teacher that keeps both together."""
