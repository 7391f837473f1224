"""Documents: upload, reading, what is shown and what is kept."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from support import pictures
from support.people import Person, data_of, error_of, faults_of, new_person

UPLOAD_KEYS = {"document_id", "ocr_data", "verification_status", "confidence_score"}
DOCUMENT_KEYS = {"id", "document_type", "document_number", "is_verified", "verification_status", "ocr_data", "created_at"}


def test_an_upload_answers_with_the_specifications_keys(person: Person):
    data = data_of(person.upload(pictures.card("aadhaar")))
    assert UPLOAD_KEYS <= set(data)
    assert set(data) - UPLOAD_KEYS <= {"needs_review", "reasons"}
    assert data["verification_status"] in {"processing", "approved", "rejected"}
    assert isinstance(data["ocr_data"], dict)


def test_an_aadhaar_card_is_read_and_its_number_is_masked(person: Person):
    data = person.read_document(pictures.card("aadhaar"))
    assert DOCUMENT_KEYS <= set(data)
    assert data["verification_status"] == "approved" and data["is_verified"] is True, data
    assert data["document_type"] == "aadhar"
    assert data["ocr_data"]["name"] == "Test User"
    assert data["ocr_data"]["dob"] == "1990-01-01"
    digits = [c for c in data["document_number"] if c.isdigit()]
    assert len(digits) == 4, f"not masked: {data['document_number']}"
    assert 0 < data["confidence_score"] <= 1
    for field in data["fields"]:
        assert {"name", "value", "confidence", "valid"} <= set(field)
        assert 0 <= field["confidence"] <= 1


@pytest.mark.parametrize("kind", ["pan", "passport"])
def test_other_cards_are_read(person: Person, kind):
    data = person.read_document(pictures.card(kind), kind)
    assert data["document_type"] == kind
    assert data["verification_status"] == "approved", data
    assert data["ocr_data"]["dob"] == "1990-01-01"
    assert set("TEST USER") >= set(data["ocr_data"]["name"].upper())
    assert data["document_number"]


def test_both_spellings_of_aadhaar_are_taken(person: Person):
    for spelling in ("aadhar", "aadhaar"):
        data = data_of(person.upload(pictures.card("aadhaar"), spelling, wait=0))
        assert person.wait_document(data["document_id"])["document_type"] == spelling


def test_a_picture_of_no_document_is_rejected_with_a_reason(person: Person):
    data = person.read_document(pictures.scene(5))
    assert data["verification_status"] == "rejected" and data["is_verified"] is False
    assert data["reasons"] and all(isinstance(r, str) and r for r in data["reasons"])


def test_waiting_no_second_answers_processing(person: Person):
    data = data_of(person.upload(pictures.card("passport"), "passport", wait=0))
    assert data["verification_status"] == "processing"
    assert data["confidence_score"] is None
    assert person.wait_document(data["document_id"])["verification_status"] == "approved"


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "BMP", "JPEG2000", "PDF"])
def test_every_listed_format_is_read(plain_person: Person, form):
    image = Image.open(io.BytesIO(pictures.card("pan"))).convert("RGB")
    picture = pictures.encoded(image, form, **({"quality": 95} if form == "WEBP" else {"resolution": 200.0} if form == "PDF" else {}))
    data = plain_person.read_document(picture, "pan")
    assert data["verification_status"] == "approved", (form, data["reasons"])


def test_a_sideways_photo_with_its_orientation_tag_is_read(plain_person: Person):
    image = Image.open(io.BytesIO(pictures.card("pan"))).convert("RGB").transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = plain_person.read_document(pictures.encoded(image, "JPEG", quality=95, exif=exif), "pan")
    assert data["verification_status"] == "approved", data["reasons"]


def test_a_document_with_a_back_is_read(person: Person):
    answer = person.upload(pictures.card("aadhaar"), back_image=("back.jpg", pictures.card("aadhaar_back")))
    data = person.wait_document(data_of(answer)["document_id"])
    assert data["ocr_data"]["name"] == "Test User"


def test_the_type_may_be_left_out(person: Person):
    answer = person.post("/documents/upload", files={"front_image": ("x", pictures.card("pan"))}, data={"wait_seconds": "30"})
    data = person.wait_document(data_of(answer)["document_id"])
    assert data["document_type"] == "other"
    assert data["ocr_data"].get("document_type") == "pan"


def test_a_card_that_is_not_what_was_declared_is_not_approved(person: Person):
    data = person.read_document(pictures.card("pan"), "passport")
    assert data["verification_status"] == "rejected", data
    assert data["reasons"]


def test_the_list_holds_the_callers_documents_newest_first(person: Person):
    made = [data_of(person.upload(pictures.scene(i, 200, 150), wait=0))["document_id"] for i in range(3)]
    data = data_of(person.get("/documents"))
    assert set(data) == {"items", "next_cursor"} and data["next_cursor"] is None
    assert [d["id"] for d in data["items"]] == made[::-1]
    for item in data["items"]:
        assert {"id", "document_type", "is_verified", "verification_status", "created_at"} <= set(item)
        assert "ocr_data" not in item  # a list reveals no contents


def test_an_unknown_document_is_not_found(person: Person):
    error_of(person.get("/documents/0190163d-8694-739b-aea5-966c26f8ad91"), 404, "NOT_FOUND")


def test_a_refused_file_names_its_field(person: Person):
    assert set(faults_of(person.upload(b"this is no picture"))) == {"$.front_image"}
    answer = person.upload(pictures.card("pan"), back_image=("b.jpg", b"neither is this"))
    assert set(faults_of(answer)) == {"$.back_image"}
    assert answer.json()["error"]["message"] == "Invalid document format"


def test_a_refused_upload_leaves_nothing(servers):
    server = servers().start()
    person = new_person(server)
    assert person.upload(b"\xff\xd8\xff\xe0 nothing").status_code == 400
    assert data_of(person.get("/documents"))["items"] == []
    assert not any(p.is_file() for p in (server.data_dir / "objects").rglob("*"))
    server.close()
