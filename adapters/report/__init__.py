"""A run as one HTML file: opens offline, keeps, shows."""

from adapters.report.source import ConditionLine, ReportInput, report_of
from adapters.report.write import report_html, write_report

__all__ = ["ConditionLine", "ReportInput", "report_html", "report_of", "write_report"]
