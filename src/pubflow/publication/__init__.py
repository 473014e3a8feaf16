"""The public side: rendered pages, the public tree with its one atomic switch, and a small static server."""
