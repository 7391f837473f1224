"""Faces: capture, quality, comparison with a document's portrait."""

from __future__ import annotations

import base64
import datetime
import io

import pytest
from PIL import Image

from support import people, pictures
from support.people import Person, data_of, error_of, faults_of

CAPTURE_KEYS = {"face_id", "face_embeddings", "liveness_score", "quality_score", "verification_status"}
VERIFY_KEYS = {"match_score", "verification_status", "confidence_level", "processing_time_ms", "portrait_age_days", "reenrolment_suggested"}


def selfie() -> bytes:
    return pictures.photo(pictures.SELFIE).read_bytes()


def as_text(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def test_a_capture_answers_with_the_specifications_keys(person: Person):
    data = data_of(person.capture(selfie()))
    assert CAPTURE_KEYS <= set(data) and set(data) - CAPTURE_KEYS <= {"quality_reasons", "challenge_result", "follow_up"}
    assert data["verification_status"] == "approved", data
    assert len(data["face_embeddings"]) >= 128 and all(isinstance(v, float | int) for v in data["face_embeddings"])
    assert sum(v * v for v in data["face_embeddings"]) > 0
    assert 0 <= data["quality_score"] <= 1
    assert data["liveness_score"] is None or 0 <= data["liveness_score"] <= 1


def test_a_picture_without_a_face_is_rejected_with_advice(person: Person):
    data = data_of(person.capture(pictures.stripes()))
    assert data["verification_status"] == "rejected"
    assert data["face_embeddings"] == []
    assert data["quality_reasons"] and all(r["code"] and r["message"] for r in data["quality_reasons"])


def test_the_same_person_matches_the_documents_portrait(person: Person):
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    data = data_of(person.post("/face/verify", json={"document_id": document["id"], "face_image": as_text(selfie())}))
    assert set(data) == VERIFY_KEYS
    assert data["verification_status"] == "approved", data
    assert data["match_score"] > 0.9
    assert data["confidence_level"] in {"low", "medium", "high"}
    assert isinstance(data["processing_time_ms"], int) and data["processing_time_ms"] > 0
    assert data["portrait_age_days"] is None and data["reenrolment_suggested"] is False, "an Aadhaar card has no date of issue"


@pytest.mark.parametrize("years", ["1", "0"])
def test_a_portrait_is_as_old_as_its_document_and_an_old_one_suggests_a_new_document(servers, years):
    person = people.new_person(servers(AUTHX_FACE_PORTRAIT_YEARS=years).start(models=True))
    document = person.read_document(pictures.card("driving_license", portrait=pictures.PORTRAIT), "driving_license")
    issued = datetime.date.fromisoformat(document["ocr_data"]["issue_date"])
    age = (datetime.datetime.now(datetime.UTC).date() - issued).days
    assert age > 366
    data = data_of(person.post("/face/verify", json={"document_id": document["id"], "face_image": as_text(selfie())}))
    assert abs(data["portrait_age_days"] - age) <= 1, "but for midnight"
    assert data["reenrolment_suggested"] is (years == "1")
    assert data["verification_status"] == "approved"
    if years == "1":
        assert data["confidence_level"] in {"low", "medium"}
    data_of(person.capture(selfie()))
    decided = person.wait_verification(data_of(person.start(document["id"]))["verification_id"])
    assert ("portrait_old" in {r["code"] for r in decided["decision"]["reasons"]}) is (years == "1")


def test_another_person_does_not_match(person: Person):
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    stranger = pictures.photo(pictures.STRANGER).read_bytes()
    data = data_of(person.post("/face/verify", json={"document_id": document["id"], "face_image": as_text(stranger)}))
    assert data["verification_status"] == "rejected", data
    assert data["match_score"] < 0.5


def test_a_data_url_is_tolerated(person: Person):
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    picture = "data:image/jpeg;base64," + as_text(selfie())
    assert data_of(person.post("/face/verify", json={"document_id": document["id"], "face_image": picture}))["match_score"] > 0.9


def test_a_document_without_a_portrait_cannot_be_compared(person: Person):
    document = person.read_document(pictures.stripes())
    answer = person.post("/face/verify", json={"document_id": document["id"], "face_image": as_text(selfie())})
    assert set(faults_of(answer)) == {"$.document_id"}


def test_a_face_picture_without_a_face_is_refused_by_name(person: Person):
    document = person.read_document(pictures.card("aadhaar", portrait=pictures.PORTRAIT))
    for picture in (pictures.stripes(), b"no picture at all"):
        answer = person.post("/face/verify", json={"document_id": document["id"], "face_image": as_text(picture)})
        assert set(faults_of(answer)) == {"$.face_image"}


def test_a_document_that_is_still_read_is_a_conflict_or_done(person: Person):
    made = data_of(person.upload(pictures.card("aadhaar", seed=8), wait=0))
    answer = person.post("/face/verify", json={"document_id": made["document_id"], "face_image": as_text(pictures.scene(1))})
    if answer.status_code == 409:
        error_of(answer, 409, "CONFLICT")
        assert int(answer.headers["Retry-After"]) >= 1
    else:
        faults_of(answer)
    person.wait_document(made["document_id"])


@pytest.mark.parametrize("value", ["", "not base64!", "AAAA=A", 5, None, "data:image/png;base64,"])
def test_what_is_no_base64_is_refused(plain_person: Person, value):
    answer = plain_person.post("/face/verify", json={"document_id": "0190163d-8694-739b-aea5-966c26f8ad91", "face_image": value})
    assert set(faults_of(answer)) == {"$.face_image"}


def test_an_unknown_document_is_not_found(person: Person):
    answer = person.post("/face/verify", json={"document_id": "0190163d-8694-739b-aea5-966c26f8ad91", "face_image": as_text(pictures.scene(1))})
    error_of(answer, 404, "NOT_FOUND")


def test_a_video_must_be_a_video(person: Person):
    answer = person.capture(pictures.scene(1), live_video=("v.webm", b"this is no video"))
    assert set(faults_of(answer)) == {"$.live_video"}
    webm = b"\x1a\x45\xdf\xa3" + bytes(200)
    assert person.capture(pictures.scene(1), live_video=("v.webm", webm)).status_code == 200


def test_a_pdf_is_no_face_picture(plain_person: Person):
    pdf = pictures.encoded(Image.open(io.BytesIO(pictures.scene(1))), "PDF")
    assert set(faults_of(plain_person.capture(pdf))) == {"$.face_image"}


def test_the_list_holds_the_callers_captures_newest_first(person: Person):
    made = [data_of(person.capture(pictures.scene(i, 200, 200), wait=0))["face_id"] for i in range(3)]
    data = data_of(person.get("/face/captures"))
    assert set(data) == {"items", "next_cursor"}
    assert [f["id"] for f in data["items"]] == made[::-1]
    assert all("face_embeddings" not in f for f in data["items"])


def test_biometrics_are_validated_first(plain_person: Person):
    answer = plain_person.post("/biometrics/capture", json={"biometric_type": "palm", "biometric_data": "%%", "quality_threshold": 2, "x": 1})
    assert set(faults_of(answer)) == {"$.biometric_type", "$.biometric_data", "$.quality_threshold", "$.x"}
