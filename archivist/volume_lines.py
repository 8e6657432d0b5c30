"""A line for each volume: what the list of volumes (案卷目录) and its register are filled from.

Rules it keeps: a line says whose and which papers lie in a volume, and how many; nothing of what
stands in them, and no grade.

    for known in volume_lines(archive, policy, 2025, None):
        print(known.about("案卷题名").lines)
"""

from collections.abc import Iterator

from archivist.archive import Archive
from archivist.form_words import Known
from archivist.standing import customer_name
from index.catalogue import Row
from policies.policy import Policy
from policies.volume_life import ENDED


def volume_lines(
    archive: Archive, policy: Policy, year: int | None, customer: str | None
) -> Iterator[Known]:
    """A line for each volume there is; of papers it says nothing but how many."""
    for number, row in enumerate(
        (
            row
            for row in archive.catalogue.volumes()
            if row["state"] not in ENDED
            and year in (None, row["year"])
            and customer in (None, row["customer"])
        ),
        1,
    ):
        known = Known()
        known.say(("序号", "顺序号"), number)
        known.say(("案卷号", "档号"), row["code"] or row["id"])
        known.say(("案卷题名", "题名"), title_of(archive, policy, row))
        known.say(("年度",), row["year"])
        known.say(("件数", "文件数"), len(row["papers"]))
        known.say(("份数",), sum(paper["copies"] for paper in row["papers"]))
        known.say(("页数",), sum(paper["pages"] for paper in row["papers"]))
        known.say(("保管期限",), keep_words(row["keep"]))
        known.say(("备注",), "" if row["state"] == "checked" else "未封卷")
        yield known


def title_of(archive: Archive, policy: Policy, row: Row) -> str:
    """A volume's title: whose, what, of which year. Nothing of what lies in it."""
    dossier = archive.the("dossier", row["dossier"])
    kind = policy.find_dossier_type(dossier["type"])
    whose = customer_name(archive.catalogue, row["customer"]) or row["customer"]
    return f"{whose} {kind.zh if kind else dossier['type']} {row['year']} 年"


def keep_words(keep: str | None) -> str:
    """The class of keeping in words: Y is 永久."""
    if not keep:
        return ""
    if keep == "Y":
        return "永久"
    unit = {"D": "年", "M": "个月"}.get(keep[0], "")
    return f"{keep[1:]}{unit}" if unit and keep[1:].isdigit() else keep
