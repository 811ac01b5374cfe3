"""The mathematics, one step at a time, in a notebook, and the program that runs it again."""
