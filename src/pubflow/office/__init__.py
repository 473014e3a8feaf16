"""The office as a whole: people, the one way a step is taken, what is due, what may be read."""
