"""Go's own answer to what stored bytes become: the program's Python side is `tools.oracle.asking`."""
