"""The command line: `glassnet train DATA` and its companions, one file for each command."""

from glassnet.cli.app import main

__all__ = ["main"]
