"""Handle the files of a drawing before it is published: text and name, a copy under another key, an empty one."""

import re
from dataclasses import replace

from lxml import etree

from engine.core import decision_reading
from engine.core.decisions import name_in_version
from engine.core.markup import BPMN, parse
from engine.ground.errors import Fault, Invalid
from web.texts import gettext as _

KEY = re.compile(r"[a-z][a-z0-9_]{0,49}")
ENCODING = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE)
BOM = b"\xef\xbb\xbf"

EMPTY = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    id="definitions" targetNamespace="urn:suixu:processes">
  <bpmn:process id="new_process" isExecutable="true">
    <bpmn:startEvent id="start" name="开始" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram">
    <bpmndi:BPMNPlane id="plane" bpmnElement="new_process">
      <bpmndi:BPMNShape id="start_di" bpmnElement="start">
        <dc:Bounds x="160" y="160" width="36" height="36" />
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


def text_of(source: bytes) -> str:
    """Give a file as text; what was not written in UTF-8 is written in it from now on.

    Raises:
        Invalid: not XML, or not to be read safely.
    """
    if source.startswith((b"\xff\xfe", b"\xfe\xff")) or ENCODING.match(source):
        return _written(_root(source))
    try:
        return source.removeprefix(BOM).decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _unreadable([]) from error


def decision_of(source: bytes) -> tuple[str, str]:
    """Give the name under which a version keeps a decision table, and the file's text.

    Raises:
        Invalid: no decision can be read in it.
    """
    key = decision_reading.id_of(source)
    if not key:
        message = _("这个文件不能用作决策表，请选择 DMN 1.3 的决策表文件（.dmn）。")
        found = decision_reading.read(source, None)[1]
        raise Invalid(message, [replace(fault, element="table", name="", line=0) for fault in found])
    return name_in_version(key), text_of(source)


def process_of(text: str) -> tuple[str, str]:
    """Give the id and the name of the process in a drawing; empty where there is none."""
    root, _faults = parse(text.encode())
    process = root.find(f"{{{BPMN}}}process") if root is not None else None
    return ("", "") if process is None else (process.get("id", ""), process.get("name", ""))


def rename(text: str, key: str, name: str) -> str:
    """Give a drawing another key and name, wherever it says them.

    Raises:
        Invalid: no process can be read in it.
    """
    root = _root(text.encode())
    process = root.find(f"{{{BPMN}}}process")
    if process is None:
        raise Invalid(
            _("文件里没有流程，请选择 BPMN 2.0 的流程图文件（.bpmn）。"), [_file_fault(_("文件里没有流程。"))]
        )
    before = process.get("id", "")
    process.set("id", key)
    process.set("name", name)
    for element in root.iter(etree.Element):
        for attribute in ("processRef", "bpmnElement"):
            if element.get(attribute) == before:
                element.set(attribute, key)
        if element.tag == f"{{{BPMN}}}participant":
            element.set("name", name)
    return _written(root)


def _root(source: bytes) -> etree._Element:
    root, faults = parse(source)
    if root is None:
        raise _unreadable(faults)
    return root


def _unreadable(faults: list[Fault]) -> Invalid:
    message = _("这个文件读不出来，请选择 BPMN 2.0 的流程图文件（.bpmn）。")
    return Invalid(message, [_file_fault(fault.message) for fault in faults] or [_file_fault(message)])


def _file_fault(message: str) -> Fault:
    return Fault("drawing_file", message, "file")


def _written(root: etree._Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="unicode") + "\n"
