"""`python -m engine.cli`: the same as the command `vats`, without the need to know where it is installed."""

from engine.cli import main

main()
