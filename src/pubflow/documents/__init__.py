"""Texts and pages: the report text, Markdown to HTML, sandboxed office templates. Knows nothing of the register."""
