"""Lets the command line run as ``python -m grader.cli``."""

from grader.cli import main

main()
