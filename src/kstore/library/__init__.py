"""
What `import kstore` offers, and what the commands are written on: every use case as plain functions and objects.

Never prints, never exits, words no command: what is found, refused or left undone comes back as values and errors.
"""
