"""Change tiny diagrams at random: some stay what they were, some say something else, most are refused."""

import re
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.engine.office import DIAGRAMS

TOKENS = re.compile(rb'"[^"]*"|</?[\w:]+|[^"<]+|.', re.DOTALL)
SOURCES = [file.read_bytes() for file in sorted(DIAGRAMS.glob("*.bpmn")) if file.stem != "refused_empty"]
GOOD = [file.read_bytes() for file in sorted(DIAGRAMS.glob("runs_*.bpmn"))]
WORDS = sorted({token for source in SOURCES for token in TOKENS.findall(source)})


@st.composite
def mutated(draw: st.DrawFn, sources: Sequence[bytes] = SOURCES) -> bytes:
    """Take a diagram and cut, double, swap or replace parts of it, in tokens so that most stay well-formed."""
    tokens = TOKENS.findall(draw(st.sampled_from(sources)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(tokens)))
        end = min(len(tokens), start + draw(st.integers(0, 12)))
        match draw(st.sampled_from(["cut", "double", "replace", "insert", "swap"])):
            case "cut":
                del tokens[start:end]
            case "double":
                tokens[end:end] = tokens[start:end]
            case "replace":
                tokens[start : start + 1] = [draw(st.sampled_from(WORDS))]
            case "insert":
                tokens.insert(start, draw(st.sampled_from(WORDS)))
            case "swap":
                tokens[start:end] = reversed(tokens[start:end])
    return b"".join(tokens)


@st.composite
def retargeted(draw: st.DrawFn, sources: Sequence[bytes] = SOURCES) -> bytes:
    """Take a diagram and replace quoted values by others: well-formed, and wrong in what it says."""
    tokens = TOKENS.findall(draw(st.sampled_from(sources)))
    quoted = [index for index, token in enumerate(tokens) if token.startswith(b'"') and b"//" not in token]
    values = [tokens[index] for index in quoted] + [b'""', b'" "', b'"x:y"', b'"true"', '"年"'.encode()]
    for index in draw(st.lists(st.sampled_from(quoted or [0]), max_size=5)):
        tokens[index] = draw(st.sampled_from(values))
    return b"".join(tokens)


ALIKE = (
    (b"exclusiveGateway", b"parallelGateway", b"inclusiveGateway"),
    (b'"true"', b'"false"'),
    (b'outcome = "agree"', b'outcome = "return"', b"outcome = null", b"true", b"false"),
    (b">3<", b">0<", b">1<", b">PT1H<", b">P5D<"),
    (b" attachedToRef=", b' cancelActivity="false" attachedToRef='),
    (b" triggeredByEvent=", b" "),
    (b'<bpmn:endEvent id="e" />', b'<bpmn:endEvent id="e"><bpmn:terminateEventDefinition /></bpmn:endEvent>'),
)
"""What may stand in each other's place without making a diagram senseless."""


@st.composite
def varied(draw: st.DrawFn, sources: Sequence[bytes] = GOOD) -> bytes:
    """Take a diagram and put like for like: most of what comes out is well drawn, and says something else."""
    source = draw(st.sampled_from(sources))
    for _ in range(draw(st.integers(1, 4))):
        group = draw(st.sampled_from(ALIKE))
        places = [(match.start(), word) for word in group for match in re.finditer(re.escape(word), source)]
        if places:
            start, word = draw(st.sampled_from(places))
            source = source[:start] + draw(st.sampled_from(group)) + source[start + len(word) :]
    return source
