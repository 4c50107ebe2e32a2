"""Write a table as an .xlsx that prints well: a title, a header that is repeated, every cell plain text."""

from collections.abc import Iterable, Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from workflows.timeless import timeless

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
THIN = Side(style="thin")
GRID = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
PLAIN = Alignment(vertical="top", wrap_text=True)
CENTRED = Alignment(horizontal="center", vertical="center", wrap_text=True)


def table(title: str, headers: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[float]) -> bytes:
    """Write one sheet, A4 across; widths in characters."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "任务分解表"
    sheet.append([title])
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(headers))
    sheet["A1"].data_type = "s"
    sheet["A1"].font, sheet["A1"].alignment = Font(size=16, bold=True), CENTRED
    for number, row in enumerate((headers, *rows), 2):
        for column, text in enumerate(row, 1):
            cell = sheet.cell(number, column, text)
            # What people have typed is never a formula.
            cell.data_type = "s"
            cell.border, cell.alignment = GRID, CENTRED if number == 2 else PLAIN
            cell.font = Font(bold=number == 2)
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A3"
    sheet.print_title_rows = "1:2"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    book.properties.creator = "岁序"
    written = BytesIO()
    book.save(written)
    return timeless(written.getvalue())
