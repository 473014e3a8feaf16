"""pubflow: the publication pipeline of a district statistics bureau."""

__version__ = "0.1.0"
