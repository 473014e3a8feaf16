"""The register: SQLModel tables, sessions, the one write path with its audit event."""
