"""Debian's Chromium, driven by Selenium. Screenshots: test-artifacts/."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from selenium import webdriver

from support.server import REPOSITORY

ARTIFACTS = REPOSITORY / "test-artifacts"
PATIENCE = 60  # seconds; the specification's 10 on a machine that does nothing else


def web_folder() -> str:
    folder = Path(os.environ.get("AUTHX_WEB_DIR") or REPOSITORY / "web" / "dist")
    if not (folder / "index.html").exists():
        pytest.skip(f"the web page is not built ({folder}): run `./dev build`, or set AUTHX_WEB_DIR")
    return str(folder)


def browser(tmp_path: Path, camera: Path | None = None):
    """`camera`: the film that its camera shows; none: the camera is denied."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs Debian's packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,1000",
                     f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(argument)
    if camera:
        for argument in ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}"):
            options.add_argument(argument)
    else:
        options.add_argument("--deny-permission-prompts")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver, log_output=str(tmp_path / "driver.log")))


class Steps:
    """Screenshots in the order of the flow."""

    def __init__(self, driver, name: str):
        self.driver, self.name, self.count = driver, name, 0
        ARTIFACTS.mkdir(exist_ok=True)

    def keep(self, what: str) -> None:
        self.count += 1
        self.driver.save_screenshot(str(ARTIFACTS / f"{self.name}-{self.count}-{what}.png"))
