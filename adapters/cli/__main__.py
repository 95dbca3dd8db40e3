"""`python -m adapters.cli`: the same as `engine`."""

from adapters.cli import main

main()
