"""Which passwords are good enough, and that the generated ones are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import passwords


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("Ab1-xyz", "too-short"),
        ("abcdefgh1", "too-short"),
        ("", "too-short"),
        ("my-HR-staff-2026", "contains-login"),
        ("ｈｒ-staff-2026", "contains-login"),
        ("Password123", "weak"),
        ("qwertyuiop12", "weak"),
        ("Admin@123!", "weak"),
        ("111111111111", "weak"),
        ("Aa1-" * 100, "too-long"),
    ],
)
def test_a_weak_password_is_named_as_such(password: str, code: str) -> None:
    found = passwords.faults(password, "hr-staff")
    assert code in {fault.code for fault in found}
    assert all("密码" in fault.message for fault in found)


@pytest.mark.parametrize(
    "password", ["Ab1-xyz9", "correct horse battery", "山高月小水落石出清风徐来水波", "Ａｂ１-xyz9", "zxc-VBN-147-asd"]
)
def test_a_good_password_is_taken_and_recognized(password: str) -> None:
    assert passwords.faults(password, "hr-staff") == []


def test_a_full_width_password_is_the_plain_one() -> None:
    stored = passwords.hash_password("Ａｂ１-xyz9")
    assert passwords.matches(stored, "Ab1-xyz9")
    assert not passwords.matches(stored, "ab1-xyz9")


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$broken"])
def test_nothing_matches_a_hash_that_is_none(stored: str | None) -> None:
    assert not passwords.matches(stored, "")
    assert not passwords.matches(stored, "Ab1-xyz9")


def test_a_generated_password_is_good_and_never_the_same() -> None:
    made = {passwords.generate() for _ in range(200)}
    assert len(made) == 200
    assert not any(passwords.faults(password, "hr-staff") for password in made)


@given(st.text(max_size=200), st.text(min_size=1, max_size=64))
def test_any_text_gets_an_answer(password: str, login: str) -> None:
    codes = {fault.code for fault in passwords.faults(password, login)}
    assert codes <= {"too-long", "too-short", "contains-login", "weak"}
