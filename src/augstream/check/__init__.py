"""Whether a folder of images is fit to train on: list it, read everything once, compare, report. Nothing is changed.

listing --> scan --> findings --> report --> text, JSON, page
             |          |
         fingerprint  near duplicates
"""

from augstream.check.findings import Entry, Group, Section
from augstream.check.report import Report, check

__all__ = ["Entry", "Group", "Report", "Section", "check"]
