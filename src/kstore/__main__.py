"""`python -m kstore` is the command line."""

from kstore.cli.main import main

main()
