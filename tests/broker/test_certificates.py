"""Certificates of the project's own authority: whose they are, for how long, and what a folder of them holds."""

from __future__ import annotations

import datetime
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from gateway.broker.certificates import Authority, tls_as
from gateway.broker.secured import make_certificates


def certificate(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def test_each_is_by_the_authority_and_names_whom_it_is_for(tmp_path: Path) -> None:
    authority = Authority.made("somebody")
    authority.issue(tmp_path, "kafka-1", subject="broker", hosts=["kafka-1", "127.0.0.1"])
    issued = certificate(tmp_path / "kafka-1.pem")
    issued.verify_directly_issued_by(authority.certificate)
    assert issued.subject.rfc4514_string() == "CN=broker"
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["kafka-1"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


@pytest.mark.parametrize("days", [-1, 30])
def test_it_ends_when_it_should(tmp_path: Path, days: int) -> None:
    Authority.made("somebody").issue(tmp_path, "sanhe", days=days)
    issued = certificate(tmp_path / "sanhe.pem")
    assert (issued.not_valid_after_utc < datetime.datetime.now(datetime.UTC)) is (days < 0)
    assert issued.not_valid_before_utc < issued.not_valid_after_utc


def test_private_keys_are_their_owners_and_a_folder_is_enough_to_speak_tls(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    authority = make_certificates(folder, ["sanhe"])
    for file in (*folder.glob("*.key"), *folder.glob("*.keystore.pem")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(authority)
    assert tls_as(folder, "sanhe").verify_mode == ssl.CERT_REQUIRED


def test_a_trials_certificates_are_made_once(repository: Path, tmp_path: Path) -> None:
    program = repository / "deploy/kafka/trial_certificates.py"
    command = [sys.executable, str(program), str(tmp_path / "secrets")]
    said = [subprocess.run(command, capture_output=True, text=True, check=False, cwd=repository) for _ in range(2)]
    assert [each.returncode for each in said] == [0, 2], said
    assert certificate(tmp_path / "secrets/kafka-2.pem").subject.rfc4514_string() == "CN=broker"
    assert {file.stem for file in (tmp_path / "secrets").glob("*.key")} == {
        "kafka-1", "kafka-2", "kafka-3", "admin", "auditor",
        "tongzhou", "sanhe", "dachang", "xianghe", "xiongan", "binhai",
    }  # fmt: skip
