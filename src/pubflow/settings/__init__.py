"""The office's configuration as data: read once, checked as a whole (design decision 7)."""

from pubflow.settings.calendar_files import load_calendar
from pubflow.settings.calendar_models import CalendarData, CalendarYear, Holiday, NewYear, Notice, Week, weekday_name
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
    "CalendarData",
    "CalendarYear",
    "Category",
    "ChecklistItem",
    "ConfigError",
    "Holiday",
    "Kind",
    "NewYear",
    "Notice",
    "PersonEntry",
    "Problem",
    "ReviewStep",
    "Role",
    "Rule",
    "Section",
    "Settings",
    "Site",
    "Week",
    "check_config",
    "load_calendar",
    "load_settings",
    "shipped_config",
    "weekday_name",
    "write_default_config",
]
