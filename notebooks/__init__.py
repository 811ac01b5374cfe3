"""The course: five notebooks, their helpers and checks, and the programs that run and render them again."""
