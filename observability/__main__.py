"""The command `gitops-obs`, also as `python -m observability`."""

from observability.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
