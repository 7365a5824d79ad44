# python3 xlsx.py FILE: the first sheet's rows as JSON, texts as they are and
# numbers as numbers, so that a number that should be a text is seen.
import json
import sys

from openpyxl import load_workbook

sheet = load_workbook(sys.argv[1], read_only=True).worksheets[0]
print(json.dumps([[None if cell.value is None else cell.value if isinstance(cell.value, (int, float)) else str(cell.value)
                   for cell in row] for row in sheet.iter_rows()]))
