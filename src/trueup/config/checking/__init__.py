"""Check a configuration file: what fires, what stays unchecked, and how it is written down."""

from trueup.config.checking.report import CheckReport, check_file

__all__ = ["CheckReport", "check_file"]
