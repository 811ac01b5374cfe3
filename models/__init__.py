"""The trained models that ship with the project, and the program that trains them again."""
