"""What is claimed about speed and accuracy, as commands that measure it again."""
