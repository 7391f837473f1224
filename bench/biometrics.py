"""Fingerprint and iris matching."""

from __future__ import annotations

from common import Report, Settings


def run(report: Report, settings: Settings) -> None:
    if settings.wants("biometrics"):
        report.skip("biometrics", "this version has no fingerprint or iris engine; POST /v1/biometrics/capture says so with 503")
