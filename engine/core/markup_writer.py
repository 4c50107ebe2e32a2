"""Write HTML in which nothing that people typed can be anything but text."""

import re
from html import escape

# What no XML or HTML document may hold.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_VOID = frozenset({"meta", "link", "br", "hr"})


class Html(str):
    """Mark text that is HTML already."""


def text(value: object) -> Html:
    """Turn anything into text that is safe inside an element."""
    return value if isinstance(value, Html) else Html(escape(_UNFIT.sub("", str(value))))


def element(tag: str, /, *content: object, **attributes: str) -> Html:
    """Write an element; an attribute's trailing underscore is dropped (`class_`)."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{tag}{given}>")
    return Html(f"<{tag}{given}>{join(content)}</{tag}>")


def join(parts: object) -> Html:
    """Put pieces of HTML one after the other."""
    assert isinstance(parts, tuple | list)
    return Html("".join(text(part) for part in parts if part is not None and part != ""))


def paragraphs(value: str) -> Html:
    """Give each line of a text a paragraph of its own."""
    return join([element("p", line) for line in value.splitlines() if line.strip()])


def table(caption: str, headers: list[str], rows: list[list[object]]) -> Html:
    """Write a table with a caption and header cells; nothing where there are no rows."""
    if not rows:
        return element("p", f"{caption}：无。")
    head = element("tr", *(element("th", header, scope="col") for header in headers))
    body = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    inner = element("table", element("caption", caption), element("thead", head), element("tbody", *body))
    # A wide table is moved inside its own frame, by keyboard too, and never the page.
    return element("div", inner, class_="wide", tabindex="0", role="group", aria_label=caption)


STYLE = """
body{font:1rem/1.7 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",SimSun,sans-serif;color:#1a1a1a;
background:#fff;max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.7rem}h2{font-size:1.35rem;border-bottom:2px solid #8a1f1f;margin-top:2.5rem}h3{font-size:1.1rem}
a{color:#0b4f9c}table{border-collapse:collapse;width:100%;margin:.5rem 0}caption{text-align:left;font-weight:bold}
th,td{min-width:5em}th,td{border:1px solid #767676;padding:.3rem .5rem;text-align:left;vertical-align:top;
overflow-wrap:anywhere}
td>p{margin:0 0 .3rem}th{background:#f2f2f2}.wide{overflow-x:auto}dt{font-weight:bold}dd{margin:0 0 .5rem 1rem}
p,dd{overflow-wrap:anywhere}:focus-visible{outline:3px solid #0b4f9c}
@media print{.wide{overflow:visible}nav{display:none}}
"""


def page(title: str, *content: object) -> str:
    """Write a whole page that needs no server and can run nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("title", title),
        element("style", Html(STYLE)),
    )
    body = element("body", element("main", element("h1", title), *content))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='zh-CN')}\n"
