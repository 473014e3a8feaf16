"""The office's configuration as data: read once, checked as a whole (design decision 7)."""

from pubflow.settings.load import check_config, load_settings, shipped_config, write_default_config
from pubflow.settings.models import (
    Bureau,
    Cadence,
    Category,
    ChecklistItem,
    ConfigError,
    Kind,
    PersonEntry,
    Problem,
    ReviewStep,
    Role,
    Rule,
    Section,
    Settings,
    Site,
)

__all__ = [
    "Bureau",
    "Cadence",
    "Category",
    "ChecklistItem",
    "ConfigError",
    "Kind",
    "PersonEntry",
    "Problem",
    "ReviewStep",
    "Role",
    "Rule",
    "Section",
    "Settings",
    "Site",
    "check_config",
    "load_settings",
    "shipped_config",
    "write_default_config",
]
