"""`python -m kstore` is the command line."""

from kstore.cli.main import main

if __name__ == "__main__":  # not so in a process that computes for another
    main()
