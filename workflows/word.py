"""Write Word papers in the office's layout (A4, margins of GB/T 9704): the same content gives the same bytes.

Fonts are only named, never shipped; nothing here draws a red head or a seal.
"""

import io
from collections.abc import Iterable, Sequence

from docx import Document
from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

from workflows.timeless import timeless

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

PAGE = (Mm(210), Mm(297))
TOP, LEFT = Mm(37), Mm(28)
TEXT_WIDTH, TEXT_HEIGHT = Mm(156), Mm(225)

LATIN = "Times New Roman"
SONG, HEI, KAI, FANG, XIAOBIAO = "宋体", "黑体", "楷体_GB2312", "仿宋_GB2312", "方正小标宋简体"
SIZE_2, SIZE_3, SIZE_4, SIZE_5 = Pt(22), Pt(16), Pt(14), Pt(10.5)
MOST_OF_A_PROPERTY = 255
"""Signs that Word takes in a property of a file; a matter's title may have more."""

LINE = Pt(28.95)
"""Twenty-two lines on a page."""


def new_paper(title: str) -> Paper:
    """Open an empty A4 paper with the house's styles."""
    paper = Document()
    paper.core_properties.title = title[:MOST_OF_A_PROPERTY]
    paper.core_properties.author = "岁序"
    paper.core_properties.comments = ""
    section = paper.sections[0]
    section.page_width, section.page_height = PAGE
    section.top_margin, section.left_margin = TOP, LEFT
    section.right_margin = Mm(210 - 28 - 156)
    section.bottom_margin = Mm(297 - 37 - 225)
    section.footer_distance = Mm(25)
    _dress(paper)
    return paper


def _dress(paper: Paper) -> None:
    for name, font, size in (
        ("Normal", FANG, SIZE_3),
        ("Title", XIAOBIAO, SIZE_2),
        ("Heading 1", HEI, SIZE_3),
        ("Heading 2", KAI, SIZE_3),
        ("Heading 3", FANG, SIZE_3),
    ):
        style = paper.styles[name]
        assert isinstance(style, ParagraphStyle)
        _dress_style(style, font, size)
    title = paper.styles["Title"]
    assert isinstance(title, ParagraphStyle)
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    # The template underlines titles with a blue rule.
    for border in title.element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)


def _dress_style(style: ParagraphStyle, font: str, size: Pt) -> None:
    style.font.name, style.font.size = LATIN, size
    style.font.bold = style.font.italic = False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    fonts.set(qn("w:ascii"), LATIN)
    fonts.set(qn("w:hAnsi"), LATIN)
    fonts.set(qn("w:eastAsia"), font)
    layout = style.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    layout.line_spacing = LINE if size is not SIZE_2 else Pt(36)


def add_text(paper: Paper, text: str) -> None:
    """Add paragraphs, one for each line, indented by two characters."""
    for line in text.splitlines():
        if line.strip():
            paragraph = paper.add_paragraph(line.strip())
            paragraph.paragraph_format.first_line_indent = SIZE_3 * 2


def add_table(paper: Paper, headers: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Table:
    """Add a ruled table whose header is repeated on each page; widths in millimetres."""
    table: Table = paper.add_table(rows=1, cols=len(headers), style="Table Grid")
    for cell, text in zip(table.rows[0].cells, headers, strict=True):
        fill(cell, text, HEI)
    properties = table.rows[0]._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:tblHeader"))
    for row in rows:
        for cell, text in zip(add_row(table).cells, row, strict=True):
            fill(cell, text)
    size_columns(table, widths)
    return table


def add_row(table: Table) -> _Row:
    """Add an empty row."""
    row: _Row = table.add_row()  # type: ignore[no-untyped-call]
    return row


def size_columns(table: Table, widths: Sequence[int]) -> None:
    """Fix the columns' widths, in millimetres."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)


def fill(cell: _Cell, text: str, font: str = SONG) -> None:
    """Write small text into a cell, a paragraph for each line."""
    lines = text.splitlines() or [""]
    for number, line in enumerate(lines):
        paragraph = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
        paragraph.paragraph_format.line_spacing = 1.0
        run = paragraph.add_run(line)
        run.font.size = SIZE_5
        run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def number_pages(paper: Paper) -> None:
    """Put "— 1 —" at the foot, outside: odd pages right, even pages left."""
    paper.settings.odd_and_even_pages_header_footer = True
    section = paper.sections[0]
    _number(section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
    _number(section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)


def _number(paragraph: Paragraph, side: WD_ALIGN_PARAGRAPH) -> None:
    paragraph.alignment = side
    paragraph.add_run("— ")
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
    paragraph.add_run(" —")
    for run in paragraph.runs:
        run.font.size = SIZE_4
        run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), SONG)


def to_bytes(paper: Paper) -> bytes:
    """Give the file, with no trace of when it was made."""
    written = io.BytesIO()
    paper.save(written)
    return timeless(written.getvalue())
