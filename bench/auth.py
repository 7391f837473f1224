"""Authentication: logins a second. Other factors get their figures with their implementation."""

from __future__ import annotations

import server
from common import Report, Settings


def run(report: Report, settings: Settings) -> None:
    if settings.wants("login_vs_argon2") and not any(f.name == "login_vs_argon2" for f in report.figures):
        report.measure("login_vs_argon2", lambda: server.logins(report, settings))
    if settings.wants("second_factors"):
        report.skip("second_factors", "this version signs in with passwords only")
