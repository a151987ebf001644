"""`python -m tlsaudit` is the command `tlsaudit`."""

from tlsaudit.cli import main

if __name__ == "__main__":
    main()
