"""Documents given as signed files: offline e-KYC, signed PDFs, files of a chip."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.database import value
from support.opener import Opener
from support.people import Person, data_of, faults_of, new_person
from support.server import Server, binary

SHARE_CODE = "Ab12"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = binary().parent / "signed_files"
    if not program.exists():
        pytest.skip("signed_files is not built")
    folder = tmp_path_factory.mktemp("signed")
    subprocess.run([str(program), str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def trusting(files: Path, tmp_path_factory: pytest.TempPathFactory):
    server = Server(tmp_path_factory.mktemp("server"), AUTHX_UIDAI_CERTIFICATES=str(files / "uidai.pem"),
                    AUTHX_PDF_CERTIFICATES=str(files / "pdf.pem"), AUTHX_CSCA_CERTIFICATES=str(files / "csca.pem")).start(models=True)
    yield server
    server.stop()


@pytest.fixture
def person(trusting: Server) -> Person:
    return new_person(trusting)


def give(person: Person, files: Path, secrets: dict | None = None, **names: str):
    return person.post("/documents/upload/signed", data=secrets or {}, files={k: (v, (files / v).read_bytes()) for k, v in names.items()})


def read(person: Person, files: Path, secrets: dict | None = None, **names: str) -> dict:
    return person.wait_document(data_of(give(person, files, secrets, **names))["document_id"])


def test_an_offline_ekyc_is_verified_and_believed(trusting: Server, person: Person, files: Path):
    answer = data_of(give(person, files, {"share_code": SHARE_CODE}, file="ekyc.zip"))
    assert answer["verification_status"] == "approved" and answer["needs_review"] is False, answer
    assert answer["ocr_data"]["name"] == "Asha Rao" and answer["ocr_data"]["document_number"] == "XXXXXXXX2346"
    document = person.wait_document(answer["document_id"])
    assert document["assurance"] == "cryptographically_verified"
    assert [(e["kind"], e["state"]) for e in document["evidence"]] == [("offline_ekyc", "verified")]
    assert document["images"] == []
    assert person.post(f"/documents/{document['id']}/reread").status_code in (403, 409)


def test_the_share_code_is_asked_for_and_left_nowhere(trusting: Server, person: Person, files: Path):
    assert set(faults_of(give(person, files, file="ekyc.zip"))) == {"$.share_code"}
    assert set(faults_of(give(person, files, {"share_code": "Zz99"}, file="ekyc.zip"))) == {"$.share_code"}
    document = read(person, files, {"share_code": SHARE_CODE}, file="ekyc.zip")
    logged = "".join(p.read_text(errors="replace") for p in trusting.folder.glob("std*.txt"))
    assert SHARE_CODE not in logged
    assert all(SHARE_CODE.encode() not in (data or b"") for name, data in Opener(trusting).objects() if name.startswith(document["id"]))
    stored = b"".join(p.read_bytes() for p in trusting.data_dir.glob("authx.db*"))
    assert b"share_code" not in stored


@pytest.mark.parametrize("name", ["ekyc_altered.xml", "ekyc_stranger.xml"])
def test_an_ekyc_that_no_configured_key_signed_is_refused(person: Person, files: Path, name: str):
    document = read(person, files, file=name)
    assert document["verification_status"] == "rejected" and document["reasons"], document
    assert document["assurance"] == "read_only"


def test_a_signed_pdf_is_read_from_its_pages_and_its_signature_checked(trusting: Server, person: Person, files: Path):
    document = read(person, files, file="card.pdf")
    assert [(e["kind"], e["state"]) for e in document["evidence"]] == [("pdf_signature", "verified")]
    assert document["ocr_data"]["document_number"] == "XXXXXXXX2346" and document["ocr_data"]["dob"] == "1976-12-14"
    kept = {name: data for name, data in Opener(trusting).objects() if name.startswith(document["id"])}
    assert all(data is not None and data[:3] == b"\xff\xd8\xff" for data in kept.values()), "pages are kept as pictures only"
    altered = read(person, files, file="card_altered.pdf")
    assert altered["verification_status"] == "rejected"
    assert [e["state"] for e in altered["evidence"]] == ["signature_invalid"]


def test_a_chips_files_are_verified_together(person: Person, files: Path):
    document = read(person, files, sod="sod.bin", dg1="dg1.bin", dg2="dg2.bin")
    assert [(e["kind"], e["state"]) for e in document["evidence"]] == [("icao_chip", "verified")]
    assert document["ocr_data"]["document_number"] == "N1234567" and document["verification_status"] == "approved", document
    altered = read(person, files, sod="sod.bin", dg1="dg1_altered.bin", dg2="dg2.bin")
    assert altered["verification_status"] == "rejected"


def test_what_is_no_signed_file_is_said_to_be_none(trusting: Server, person: Person, files: Path):
    before = value(trusting, "SELECT COUNT(*) FROM documents")
    assert set(faults_of(person.post("/documents/upload/signed", files={"document_type": (None, "aadhaar")}))) <= {"$.file", "$"}
    assert set(faults_of(person.post("/documents/upload/signed", files={"file": ("x.bin", b"\x00" * 400)}))) == {"$.file"}
    assert set(faults_of(give(person, files, file="ekyc.xml", dg1="dg1.bin"))) == {"$.file"}
    both = {"share_code": "Ab12", "password": "abc"}
    assert set(faults_of(give(person, files, both, file="ekyc.zip"))) == {"$.password"}
    assert value(trusting, "SELECT COUNT(*) FROM documents") == before


def test_without_certificates_nothing_is_verified(server, files: Path):
    document = read(new_person(server), files, {"share_code": SHARE_CODE}, file="ekyc.zip")
    assert document["verification_status"] == "rejected"
    assert [e["state"] for e in document["evidence"]] == ["unverified"]
