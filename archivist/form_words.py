"""What the archive knows, under the headings that registers and forms use for it.

A pack's form says what is wanted in the regulation's own words (联系电话（座机加区号）); the
archive knows fields, keys and events by their ids. Owns the bridge: things are said under
headings, and a form asks by heading.

Rules it keeps: nothing is guessed. A heading that says nothing known stays empty, to be written
by hand. What has a secrecy grade is said to whoever holds its key, and the paper bears the mark.

    >>> known = Known()
    >>> known.say(("联系电话",), "021-55550000")
    >>> known.about("联系电话（座机加区号）").lines
    ('021-55550000',)
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from archivist.archive import Archive
from archivist.standing import customer_fields
from index.catalogue import Row
from policies.customer_rows import Scheme
from policies.customers import profiles
from policies.pack_rows import DossierType
from policies.policy import Policy
from storage.people import Unlocked

# Headings for what is registered under ids that no pack declares.
_FIELDS = {
    "phone": ("联系电话", "电话", "联系方式", "客户联系方式"),
    "mobile": ("联系手机", "手机", "联系方式", "客户联系方式"),
    "contact": ("联系人",),
    "address": ("联系地址", "地址"),
    "uscc": ("统一社会信用代码",),
    "resident_id": ("身份证号码",),
    "email": ("电子邮箱",),
}
_NAME = ("客户名称", "客户", "客户姓名", "顾客名称", "用户名称", "回访客户", "查阅客户")
_ALL = ("客户的基本信息", "客户信息")


@dataclass(frozen=True, slots=True)
class Said:
    """What is known under one heading, in lines, with its secrecy grade ("" for none)."""

    lines: tuple[str, ...] = ()
    grade: str = ""


class Known:
    """Things said under headings. The first word under a heading counts."""

    def __init__(self) -> None:
        self._said: dict[str, Said] = {}

    def say(self, labels: Iterable[str], *lines: object, grade: str = "") -> None:
        """Put lines under each of the headings; empty ones say nothing."""
        kept = tuple(str(line) for line in lines if line not in (None, ""))
        for label in labels:
            if kept:
                self._said.setdefault(_plain(label), Said(kept, grade))

    def about(self, label: str) -> Said:
        """What is known under the heading; nothing, where nothing was said."""
        return self._said.get(_plain(label), Said())


def _plain(label: str) -> str:
    """A heading as it is compared: without what stands in brackets, and without 的."""
    return re.sub(r"\([^()]*\)|的|\s", "", unicodedata.normalize("NFKC", label))


def open_grades(archive: Archive, policy: Policy, person: Unlocked) -> frozenset[str]:
    """The grades that a person may read: those he holds a key for, and those without one."""
    held = {grade for grade, _ in archive.keys.held_by(person.name)}
    return frozenset(c for c, row in policy.grades.items() if c in held or not row.encrypt)


def say_customer(known: Known, policy: Policy, row: Row, grades: frozenset[str]) -> None:
    """Say what is registered of a customer: name, class, owner, fields; only the id while it is
    restricted."""
    if row["restricted"]:
        known.say(_NAME, row["id"])
        return  # kept, and not used
    told = list(_fields(policy, row, grades))
    for heads, value, grade in told:
        known.say(heads, value, grade=grade)
    known.say(_NAME, row["name"])
    known.say(("客户类别",), class_words(policy, row["class"]))
    known.say(("负责部门",), _department(policy, row["department"]))
    known.say(("客户归属人", "归属人"), row["owner"])
    lines = [
        f"客户名称：{row['name'] or ''}",
        *(f"{heads[0]}：{value}" for heads, value, _ in told),
    ]
    worst = max((grade for *_, grade in told), key=lambda g: _rank(policy, g), default="")
    known.say(_ALL, *dict.fromkeys(lines), grade=worst)


def _fields(
    policy: Policy, row: Row, grades: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """`(headings, value, grade)` of every registered field that may be read."""
    wanted = [
        field for cited in profiles(policy, customer_fields(row)) for field in cited.row.fields
    ]
    for name, value in row["fields"].items():
        declared = [field for field in wanted if field.id == name]
        own = {one.grade for one in declared} - {""}
        if own <= grades:
            heads = (*(one.zh for one in declared), *_FIELDS.get(name, ()))
            worst = max(own, key=lambda g: _rank(policy, g), default="")
            yield heads or (name,), str(value), worst


def class_words(policy: Policy, said: str | None) -> str:
    """A class or grade of customers as people say it; a free word as it is."""
    scheme, _, value = (said or "").rpartition(":")
    for cited in policy.rows(Scheme):
        if scheme in ("", cited.row.id):
            for one in cited.row.values:
                if one.id == value:
                    return one.zh
    return said or ""


def say_dossier(known: Known, policy: Policy, row: Row) -> None:
    """Say what a dossier is: its keys and events, by the labels of its type."""
    kind = policy.find_dossier_type(row["type"])
    if kind is None:
        return
    known.say(("客户档案", "档案名称", "档案编号"), f"{row['id']} {kind.zh}")
    known.say(("部门", "移交部门", "责任部门"), _department(policy, kind.department))
    for key in kind.keys:
        known.say((key.zh,), row["keys"].get(key.id))
    for event in kind.events:
        known.say((event.zh, f"{event.zh}日期", f"{event.zh}时间"), row["events"].get(event.id))


def type_words(policy: Policy, doc_type: str) -> str:
    """The label of a document type."""
    found = policy.find_type(doc_type)
    return found.zh if found else doc_type


def item_words(kind: DossierType | None, item: str) -> str:
    """The label of an item of a checklist."""
    return next((row.zh for row in kind.items if row.id == item), item) if kind else item


def highest_mark(policy: Policy, grades: Iterable[str]) -> str:
    """The secrecy mark that a paper with content of these grades must bear."""
    worst = max(grades, key=lambda grade: _rank(policy, grade), default="")
    return policy.grades[worst].mark if worst in policy.grades else ""


def _rank(policy: Policy, grade: str) -> int:
    return policy.grades[grade].rank if grade in policy.grades else -1


def _department(policy: Policy, name: str | None) -> str:
    found = policy.departments.get(name or "")
    return found.zh if found else name or ""


def counted_types(policy: Policy, records: Iterable[Mapping[str, object]]) -> dict[str, list[int]]:
    """Label of each document type → how many records, how many pages; in the order met."""
    found: dict[str, list[int]] = {}
    for record in records:
        count = found.setdefault(type_words(policy, str(record["type"])), [0, 0])
        count[0] += 1
        count[1] += int(str(record["pages"]))
    return found
