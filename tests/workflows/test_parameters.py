"""The declared parameters: sound, and refused with every fault when they are not."""

import re
from pathlib import Path

import pytest

from engine.ground.errors import SuixuError
from engine.ground.unit_of_work import Parameter
from workflows import parameters
from workflows.publication import FOLDER

SOUND = "{label: 每一步, unit: 个工作日, default: 3, least: 1, most: 30, basis: 机关惯例}"


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "parameters.yaml"
    path.write_text(text, encoding="utf-8")
    return parameters.load(path)


def test_the_declared_defaults_are_those_of_the_office() -> None:
    found = {name: declared.default for name, declared in parameters.load().items()}
    assert (found["submission_days"], found["aggregation_days"], found["approval_days"]) == (10, 5, 3)
    assert all(declared.unit == "个工作日" for declared in parameters.load().values())


def test_every_parameter_is_asked_for_by_a_drawing_or_a_form_and_no_other() -> None:
    drawn = [path.read_text(encoding="utf-8") for kind in ("bpmn", "form") for path in FOLDER.glob(f"*.{kind}")]
    asked = {name for text in drawn for name in re.findall(r'parameter\(\\?"(\w+)\\?"\)', text)}
    assert asked == set(parameters.load())


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    step = Parameter("每一步", "个工作日", default=3, least=1, most=30, basis="机关惯例")
    assert read(tmp_path, f"step: {SOUND}") == {"step": step}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a", "须写成"),
        ("", "须写成"),
        ("a: {", "不能读取"),
        (f"Step: {SOUND}", "Step：名称须以小写英文字母开头"),
        (f"1: {SOUND}", "1：名称须以小写英文字母开头"),
        ("step: 3", "step：须有且只有 label、unit、basis、default、least、most"),
        (f"step: {SOUND.replace('default', 'value')}", "须有且只有"),
        (f"step: {SOUND.replace('每一步', '3')}", "label 须是文字"),
        (f"step: {SOUND.replace('个工作日', '')}", "unit 须是文字"),
        (f"step: {SOUND.replace('default: 3', 'default: true')}", "default 须是整数"),
        (f"step: {SOUND.replace('most: 30', 'most: 2')}", "default 须在 least 和 most 之间"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SuixuError, match=words):
        read(tmp_path, text)


def test_every_fault_is_named(tmp_path: Path) -> None:
    with pytest.raises(SuixuError, match=r"有 2 处问题：a：.*；b：.*"):
        read(tmp_path, "a: 1\nb: 2")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SuixuError, match=r"nothing\.yaml 不能读取"):
        parameters.load(tmp_path / "nothing.yaml")
