"""The numbers that the office may set, with their defaults, read from `parameters.yaml` and checked."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from engine.ground.errors import SuixuError
from engine.ground.unit_of_work import Parameter

PATH = Path(__file__).with_name("parameters.yaml")
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
TEXTS = ("label", "unit", "basis")
NUMBERS = ("default", "least", "most")


def load(path: Path = PATH) -> dict[str, Parameter]:
    """Read every declared parameter by name, in the file's order.

    Raises:
        SuixuError: something in the file is wrong; everything that is, is named.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SuixuError(f"参数表 {path.name} 不能读取，请检查文件和 YAML 的写法。") from error
    if faults := list(_faults(document)):
        raise SuixuError(f"参数表 {path.name} 有 {len(faults)} 处问题：{'；'.join(faults)}。")
    return {name: Parameter(**raw) for name, raw in document.items()}


def _faults(document: object) -> Iterator[str]:
    if not isinstance(document, dict):
        yield "须写成“名称: {label, unit, default, least, most, basis}”"
        return
    for name, raw in document.items():
        yield from (f"{name}：{text}" for text in _entry_faults(name, raw))


def _entry_faults(name: object, raw: object) -> Iterator[str]:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield "名称须以小写英文字母开头，只含小写字母、数字和下划线"
    if not isinstance(raw, dict) or set(raw) != {*TEXTS, *NUMBERS}:
        yield f"须有且只有 {'、'.join((*TEXTS, *NUMBERS))}"
        return
    yield from (f"{key} 须是文字" for key in TEXTS if not isinstance(raw[key], str) or not raw[key].strip())
    wrong = [key for key in NUMBERS if type(raw[key]) is not int]
    yield from (f"{key} 须是整数" for key in wrong)
    if not wrong and not raw["least"] <= raw["default"] <= raw["most"]:
        yield "default 须在 least 和 most 之间"
