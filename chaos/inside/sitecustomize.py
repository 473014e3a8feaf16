"""Python reads this at its start in every process that has this folder on PYTHONPATH; it does nothing else there."""

import chaos_agent  # type: ignore[import-not-found]

chaos_agent.install()
