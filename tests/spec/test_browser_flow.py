"""The specification's Selenium flow in Debian's Chromium, whose camera shows a real face. Screenshots: test-artifacts/."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as EC
from selenium.webdriver.support.ui import WebDriverWait

from support import pictures
from support.browser import PATIENCE, Steps, browser, web_folder
from support.server import Server


def write_video(photo: Path, out: Path, frames: int = 24, size: tuple[int, int] = (640, 480)) -> None:
    """A raw YUV4MPEG2 film of a person who moves a little: what Chromium's fake camera plays."""
    width, height = size
    source = Image.open(photo).convert("RGB")
    scale = min(width / source.width, height / source.height)
    source = source.resize((round(source.width * scale), round(source.height * scale)))
    with out.open("wb") as f:
        f.write(b"YUV4MPEG2 W%d H%d F15:1 Ip A1:1 C420jpeg\n" % size)
        for n in range(frames):
            frame = Image.new("RGB", size, (90, 96, 104))
            sway = abs(n - frames // 2) - frames // 4
            frame.paste(source, ((width - source.width) // 2 + sway, (height - source.height) // 2))
            y, cb, cr = frame.convert("YCbCr").split()
            half = (width // 2, height // 2)
            f.write(b"FRAME\n" + y.tobytes() + cb.resize(half).tobytes() + cr.resize(half).tobytes())


@pytest.fixture(scope="module")
def site(servers) -> Server:
    return servers(AUTHX_WEB_DIR=web_folder()).start(models=True)


def go_through(driver, site: Server, card: Path, steps: Steps, email: str) -> None:
    """The specification's flow up to the end of the verification."""
    driver.get(site.root)
    WebDriverWait(driver, PATIENCE).until(EC.presence_of_element_located((By.ID, "name")))
    steps.keep("start")

    driver.find_element(By.ID, "name").send_keys("Test User")
    driver.find_element(By.ID, "email").send_keys(email)
    driver.find_element(By.ID, "password").send_keys("secure_password")
    steps.keep("register")
    driver.find_element(By.ID, "register-button").click()

    WebDriverWait(driver, PATIENCE).until(EC.presence_of_element_located((By.ID, "verification-wizard")))
    WebDriverWait(driver, PATIENCE).until(EC.presence_of_element_located((By.ID, "document-upload")))
    steps.keep("wizard")

    driver.find_element(By.ID, "document-upload").send_keys(str(card))
    steps.keep("document")
    WebDriverWait(driver, PATIENCE).until(EC.element_to_be_clickable((By.ID, "upload-button")))
    driver.find_element(By.ID, "upload-button").click()

    WebDriverWait(driver, PATIENCE).until(EC.presence_of_element_located((By.ID, "face-capture")))
    WebDriverWait(driver, PATIENCE).until(EC.element_to_be_clickable((By.ID, "capture-face")))
    # The first frames of the camera must be there before a picture of them can be taken.
    WebDriverWait(driver, PATIENCE).until(
        lambda d: d.execute_script("const v=document.querySelector('video');return !!v&&v.readyState>=2&&v.videoWidth>0"))
    assert "Position your face in the frame" in driver.find_element(By.ID, "face-capture").text
    steps.keep("face")
    driver.find_element(By.ID, "capture-face").click()
    steps.keep("processing")

    WebDriverWait(driver, PATIENCE).until(EC.presence_of_element_located((By.ID, "verification-complete")))
    steps.keep("complete")


class TestVerificationFlow:
    def test_complete_verification_process(self, site: Server, tmp_path):
        write_video(pictures.photo(pictures.SELFIE), tmp_path / "camera.y4m")
        card = tmp_path / "test_document.jpg"
        card.write_bytes(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
        driver = browser(tmp_path, tmp_path / "camera.y4m")
        steps = Steps(driver, "flow")
        try:
            go_through(driver, site, card, steps, "test@example.com")
            success_message = driver.find_element(By.ID, "success-message")
            assert "Verification completed successfully" in success_message.text
            severe = [e for e in driver.get_log("browser") if e["level"] == "SEVERE"]
            assert not severe, severe  # nothing failed on the way, no policy was broken
        except BaseException:
            steps.keep("failure")
            raise
        finally:
            driver.quit()

    def test_another_persons_face_completes_without_success(self, site: Server, tmp_path):
        write_video(pictures.photo(pictures.STRANGER), tmp_path / "camera.y4m")
        card = tmp_path / "test_document.jpg"
        card.write_bytes(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
        driver = browser(tmp_path, tmp_path / "camera.y4m")
        steps = Steps(driver, "stranger")
        try:
            go_through(driver, site, card, steps, "stranger@example.com")
            assert not driver.find_elements(By.ID, "success-message")
            assert "completed successfully" not in driver.find_element(By.ID, "verification-complete").text
        except BaseException:
            steps.keep("failure")
            raise
        finally:
            driver.quit()

    def test_the_wizard_says_when_the_camera_is_denied(self, site: Server, tmp_path):
        card = tmp_path / "test_document.jpg"
        card.write_bytes(pictures.card("aadhaar"))
        driver = browser(tmp_path, None)
        steps = Steps(driver, "denied")
        try:
            driver.get(site.root)
            WebDriverWait(driver, PATIENCE).until(EC.presence_of_element_located((By.ID, "name")))
            driver.find_element(By.ID, "name").send_keys("Test User")
            driver.find_element(By.ID, "email").send_keys("denied@example.com")
            driver.find_element(By.ID, "password").send_keys("secure_password")
            driver.find_element(By.ID, "register-button").click()
            WebDriverWait(driver, PATIENCE).until(EC.presence_of_element_located((By.ID, "document-upload"))).send_keys(str(card))
            WebDriverWait(driver, PATIENCE).until(EC.element_to_be_clickable((By.ID, "upload-button"))).click()
            WebDriverWait(driver, PATIENCE).until(EC.text_to_be_present_in_element((By.TAG_NAME, "body"), "Camera access denied"))
            steps.keep("message")
        except BaseException:
            steps.keep("failure")
            raise
        finally:
            driver.quit()


def test_the_api_viewer_needs_nothing_from_elsewhere(site: Server, tmp_path):
    driver = browser(tmp_path, None)
    steps = Steps(driver, "docs")
    try:
        driver.get(site.root + "/docs")
        def seen(page) -> bool:
            page.execute_script("window.scrollBy(0, 500)")  # the viewer draws what is in view
            return "/v1/documents/upload" in page.find_element(By.TAG_NAME, "body").text

        WebDriverWait(driver, PATIENCE).until(seen)
        steps.keep("viewer")
        loaded = driver.execute_script("return performance.getEntriesByType('resource').map(r => r.name)")
        assert loaded and all(url.startswith((site.root, "data:", "blob:")) for url in loaded), loaded
        severe = [e for e in driver.get_log("browser") if e["level"] == "SEVERE"]
        assert not severe, severe
    finally:
        driver.quit()
