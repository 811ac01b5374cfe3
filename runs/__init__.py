"""Trainings that people watch: the folder of a run, the network that is watched, and the process that trains it."""
