"""The whole life of an edition and of a release: stages, the table of steps, who may do what. Pure."""
