"""The receipt of a transfer and the plan of a dry run, as documents for programs.

Both validate against their schema. How they read for a person is the command line's part.
"""

from decamp.report.document import Counts, Run, report

__all__ = ["Counts", "Run", "report"]
