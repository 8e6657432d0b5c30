"""A real archive against a dictionary: after any story both tell the same."""

import tempfile
from pathlib import Path

import pytest
from archive_home import Home
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

NAMES = st.text(
    st.sampled_from("张王李伟芳娜 Aab-·'\"%_\\/1"), min_size=1, max_size=12
).filter(str.strip)  # fmt: skip
TYPES = st.sampled_from(["sales_contract", "invoice_copy", "id_card", "green_card"])
DATES = st.dates().map(lambda day: day.isoformat())
TEXTS = ("甲", "乙", "丙")


class Story(RuleBasedStateMachine):
    """What a clerk does, in any order; the model is three dictionaries."""

    template: Path
    bodies: tuple[bytes, ...]

    customers, dossiers, records = Bundle("customers"), Bundle("dossiers"), Bundle("records")

    def __init__(self):
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="story-")
        self.home = Home.copy_of(self.template, Path(self._folder.name) / "home")
        self.names = {}
        self.places = {}  # dossier → (customer, type, events)
        self.filed = {}  # record → (dossier, type, content)
        self.serial = 0

    def teardown(self):
        self.home.end()
        self._folder.cleanup()

    @initialize(target=customers)
    def known_customers(self):
        """The template's two customers."""
        for row in self.home.json("customer", "list"):
            self.names[row["customer"]] = row["name"]
        return multiple(*self.names)

    @initialize(target=dossiers)
    def known_dossiers(self):
        """The template's two dossiers."""
        for row in self.home.json("dossier", "list"):
            self.places[row["dossier"]] = (row["customer"], row["type"], row["events"])
        return multiple(*self.places)

    @rule(target=customers, name=NAMES)
    def add_customer(self, name):
        """Ids count up; the name comes back as it was typed."""
        identifier = self.home.json("customer", "add", "--", name)["customer"]
        assert identifier not in self.names
        self.names[identifier] = name
        return identifier

    @rule(customer=customers, name=NAMES)
    def rename_customer(self, customer, name):
        """The newest card counts."""
        self.home.json("customer", "edit", customer, f"--name={name}")
        self.names[customer] = name

    @rule(target=dossiers, customer=customers)
    def open_dossier(self, customer):
        """A customer may have any number of files."""
        identifier = self.home.json("dossier", "open", customer, "new_car")["dossier"]
        assert identifier not in self.places
        self.places[identifier] = (customer, "new_car", {})
        return identifier

    @rule(dossier=dossiers, day=DATES)
    def record_event(self, dossier, day):
        """The newest date of an event counts."""
        customer, kind, events = self.places[dossier]
        self.home.json("dossier", "event", dossier, f"delivery={day}")
        self.places[dossier] = (customer, kind, {**events, "delivery": day})

    @rule(target=records, dossier=dossiers, kind=TYPES, text=st.integers(0, 2), fresh=st.booleans())
    def drop(self, dossier, kind, text, fresh):
        """A scan lands in its dossier; the same bytes a second time do not."""
        self.serial += fresh
        content = self.bodies[text] + b"%% %d\n" % self.serial
        known = content in {filed[2] for filed in self.filed.values()}
        self.home.drop(f"{self.places[dossier][0]}/{dossier}/{kind}/x.pdf", content)
        (outcome,) = self.home.lines("watch", "--once")
        if known:
            assert outcome["reason"] == "duplicate"
            return multiple()
        assert (outcome["dossier"], outcome["type"]) == (dossier, kind)
        self.filed[outcome["record"]] = (dossier, kind, content)
        return outcome["record"]

    @rule(record=records)
    def view(self, record):
        """Any record opens byte for byte at any time."""
        assert self.home.opened(record) == self.filed[record][2]

    @rule()
    def lose_the_shadows(self):
        """Shadows may vanish at any time; nobody notices."""
        for path in [*self.home.root.glob("catalogue.db*"), *(self.home.root / "index").iterdir()]:
            path.unlink()

    @invariant()
    def both_tell_the_same(self):
        """Customers, dossiers and records are exactly those of the model."""
        rows = self.home.json("customer", "list")
        assert {row["customer"]: row["name"] for row in rows} == self.names
        listed = self.home.json("dossier", "list")
        assert {
            row["dossier"]: (row["customer"], row["type"], row["events"]) for row in listed
        } == self.places
        assert sum(row["records"] for row in listed) == len(self.filed)

    @rule(text=st.integers(0, 2))
    def search(self, text):
        """Every page of every record with the word is found, and no other."""
        hits = self.home.json("search", f"{TEXTS[text]}方文本", "--limit", "1000")["hits"]
        wanted = {r for r, (_, _, c) in self.filed.items() if c.startswith(self.bodies[text])}
        assert {hit["record"] for hit in hits} == wanted


@pytest.mark.rule("S000-R02")
def test_the_archive_agrees_with_a_dictionary(template, scan):
    """Stories of adding, filing, viewing, searching and losing shadows."""
    Story.template = template
    Story.bodies = tuple(scan(f"{word}方文本") for word in TEXTS)
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=6,
            stateful_step_count=18,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
