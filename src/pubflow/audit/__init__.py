"""The audit history: canonical events, hash chain, verification. Pure; records appends and reads."""
