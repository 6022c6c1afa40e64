"""Entry point of ``python -m grader.cli``."""

from grader.cli import main

if __name__ == "__main__":
    main()
