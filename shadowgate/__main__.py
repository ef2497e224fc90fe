"""``python -m shadowgate``."""

from shadowgate.cli import main

if __name__ == "__main__":
    main()
