"""A workbook with three faults, and what a clerk makes of its book of errors.

book.py make OUT          twelve residents; rows 4, 6 and 8 are wrong
book.py mend ERRORS OUT   mends the rows that carry a fault; prints which
"""
import sys

from openpyxl import Workbook, load_workbook

HEAD = ["姓名", "证件号码", "区划代码", "联系电话"]
AREA = "320899001001"
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


def number(at):
    body = f"320899196{at % 10}0615{700 + at:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS)) % 11]


def rows():
    return [[f"试入{'甲乙丙丁戊己庚辛壬癸子丑'[at]}", number(at), AREA, f"138{at:08d}"] for at in range(12)]


def make(out):
    book = Workbook()
    sheet = book.active
    sheet.title = "居民"
    sheet.append(HEAD)
    broken = rows()
    last = broken[2][1][-1]
    broken[2][1] = broken[2][1][:-1] + ("1" if last != "1" else "2")
    broken[4][3] = "1380000000"
    broken[6][2] = "320899001999"
    for row in broken:
        sheet.append(row)
    book.save(out)


def mend(errors, out):
    sheet = load_workbook(errors)["居民"]
    head = [cell.value for cell in sheet[1]]
    said = next(at for at, name in enumerate(head) if name and "错误" in name)
    right, faulty = rows(), []
    book = Workbook()
    mended = book.active
    mended.title = "居民"
    mended.append(HEAD)
    for at, row in enumerate(sheet.iter_rows(min_row=2, values_only=True)):
        values = dict(zip(head, row))
        if row[said]:
            faulty.append(str(at + 2))
            mended.append(right[at])
        else:
            mended.append([values[name] for name in HEAD])
    book.save(out)
    print(" ".join(faulty))


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    mend(sys.argv[2], sys.argv[3])
