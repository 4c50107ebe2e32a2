"""Which BPMN is accepted: a diagram is run exactly as the standard says, or refused with all its faults."""

from engine.core.admission import admit, entitle, find_process, identify, measure
from engine.core.checks import check_meaning
from engine.core.diagram import Diagram, Surroundings
from engine.core.event_rules import check_events
from engine.core.markup import Element, parse
from engine.core.naming import Names, names_somewhere
from engine.core.normalise import normalise, read_drawing
from engine.core.soundness import check_soundness
from engine.core.structure import check_structure
from engine.ground.errors import Fault, Refused

MAX_FAULTS = 500


def read(source: bytes, around: Surroundings) -> Diagram:
    """Turn the bytes of a BPMN file into the diagram to run, or raise Refused with all its faults."""
    diagram, found = _examine(source, around)
    if diagram is None or found:
        raise Refused(f"流程图有 {len(found)} 处问题，不能发布。", found)
    return normalise(diagram)


def faults(source: bytes, around: Surroundings) -> list[Fault]:
    """List all that is wrong with the bytes of a BPMN file, in the order of its lines."""
    return _examine(source, around)[1]


def names(source: bytes, around: Surroundings) -> Names | None:
    """Give every variable that can be read somewhere in the drawing; None where it holds no one process."""
    root, _ = parse(source)
    process = None if root is None else find_process(root)[0]
    if process is None or any(measure(process)):
        return None
    return names_somewhere(read_drawing(process)[0], around)


def _examine(source: bytes, around: Surroundings) -> tuple[Diagram | None, list[Fault]]:
    root, found = parse(source)
    if root is None:
        return None, found
    process, found = find_process(root)
    if process is None:
        return None, found
    if too_big := list(measure(process)):
        return None, too_big
    diagram, more = _judge(process, around)
    found += [*admit(root), *identify(root), *entitle(process), *more]
    return diagram, _listed(found)


def _listed(found: list[Fault]) -> list[Fault]:
    """Put the faults in the order of the file; of a hopeless one, list only the first."""
    ordered = sorted(dict.fromkeys(found), key=lambda fault: fault.line)
    if len(ordered) <= MAX_FAULTS:
        return ordered
    rest = f"另有 {len(ordered) - MAX_FAULTS} 处问题没有列出。"
    return [*ordered[:MAX_FAULTS], Fault("BPMN-MORE", rest, remedy="请先改正已列出的。")]


def _judge(process: Element, around: Surroundings) -> tuple[Diagram, list[Fault]]:
    diagram, flows = read_drawing(process)
    found = [*check_structure(process, diagram, flows), *check_events(process, diagram)]
    return diagram, [*found, *check_soundness(diagram, flows), *check_meaning(diagram, around)]
