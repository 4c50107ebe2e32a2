"""What a title becomes when it must be the name of a file."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.filenames import fold, is_unsafe, safe_name, shown, unique_names

titles = st.text(max_size=120) | st.text(
    alphabet=st.sampled_from(' .-/\\:*?"<>|%\u3000\u200b\u202e\u0301\x00\nCONcon1$㐀𠮷八一节🎖é.pdf'), max_size=150
)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("2026年度双拥工作计划", "2026年度双拥工作计划"),
        ("关于“八一”慰问的通知?.docx", "关于“八一”慰问的通知.docx"),
        ("8:00—9:30 座谈会/茶话会", "8-00—9-30 座谈会-茶话会"),
        ("完成率100%", "完成率100\uff05"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\windows\\计划.txt", "C--windows-计划.txt"),
        (" \u3000计划\r\n总表\t. ", "计划 总表"),
        ("计划\u202efdp.exe", "计划fdp.exe"),
        ("e\u0301te\u200b\u0301", "été"),
        ("..", "未命名"),
        ("", "未命名"),
        ("\x00\ud800", "未命名"),
        ("con", "_con"),
        ("Aux .tar.gz", "_Aux .tar.gz"),
        ("COM¹", "_COM¹"),
        ("CONTENT", "CONTENT"),
    ],
)
def test_safe_name_of_a_title(title: str, name: str) -> None:
    assert safe_name(title) == name


def test_a_long_title_is_cut_at_a_whole_character_and_keeps_its_extension() -> None:
    # Given a title of 100 characters of three bytes
    name = safe_name("双" * 100 + ".docx")
    # Then whole characters and the extension are left
    assert name == "双" * 28 + ".docx"
    assert safe_name("拥" * 100, limit=190) == "拥" * 63


@given(titles, st.integers(16, 190))
def test_any_title_gives_a_name_that_every_system_takes(title: str, limit: int) -> None:
    name = safe_name(title, limit)
    assert 0 < len(name.encode()) <= limit
    assert not is_unsafe(name) and ".." not in name and name not in {"con", "CON"}
    assert not set(name) & set('<>:"/\\|?*%\x00') and name == shown(name)
    assert name[0] not in " .-" and name[-1] not in " .-"
    assert unicodedata.is_normalized("NFC", name)
    assert safe_name(name, limit) == name


def test_equal_titles_get_a_number_before_the_extension() -> None:
    names = unique_names(["计划.docx", "计划.docx", "计划?.DOCX", "计划(2).docx", "附件", "附件"])
    assert names == ["计划.docx", "计划(2).docx", "计划(3).DOCX", "计划(2)(2).docx", "附件", "附件(2)"]


@settings(max_examples=50)
@given(st.lists(titles | st.sampled_from(["计划", "CON", "双" * 60 + ".pdf"]), max_size=15), st.integers(16, 90))
def test_unique_names_are_safe_and_differ_whatever_the_case(given_titles: list[str], limit: int) -> None:
    names = unique_names(given_titles, limit)
    assert len({fold(name) for name in names}) == len(given_titles)
    assert all(safe_name(name, limit) == name for name in names)


@pytest.mark.parametrize("path", ["", "/etc", "a//b", "a/../b", ".", "a\\b", "a\0b", "a\ud800", "c:/x", "a/"])
def test_a_path_that_could_lead_outside_is_unsafe(path: str) -> None:
    assert is_unsafe(path)


def test_what_deceives_the_eye_is_spelled_out() -> None:
    assert shown("计划\u202e\x1b\ud800\u2028é") == "计划\\u202e\\x1b\\ud800\\u2028é"
