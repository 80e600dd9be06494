"""Sections of the report, each a module and a template; `page` joins them, without script."""
