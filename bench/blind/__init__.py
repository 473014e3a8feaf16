"""Random tables from micro data, and an auditor of patterns, by an author who had not read `pubflow.protection`."""
