"""Find illegal posters, overflowing bins, street vending and site dust in street photos."""

from detector.version import __version__

__all__ = ["__version__"]
