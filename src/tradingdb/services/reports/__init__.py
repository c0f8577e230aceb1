"""The useful questions to the database, by name: `answer(session, report("recent-trades"), days=7)`.

The statements themselves are functions in the modules of this package, for services that want them as they are.
"""

from tradingdb.services.reports.registry import GROUPS, REPORTS, Answer, Report, Statement, answer, report

__all__ = ["GROUPS", "REPORTS", "Answer", "Report", "Statement", "answer", "report"]
