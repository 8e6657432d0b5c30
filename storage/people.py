"""People and their keys: an identity that opens, a signing key that vouches.

Owns `keys/people/`: for each person a public page and a key file sealed by passphrase.

    keys/people/lin.json    name, created, verify_key (Base64), recipient; for all to read
    keys/people/lin.age     an age file with a passphrase, holding:
                            # archivist person: lin
                            # ed25519: <Base64 of the 32-byte seed>
                            AGE-SECRET-KEY-PQ-1…

The key file is an identity file as the stock tool takes it: `age -d lin.age > lin.txt`,
then `age -d -i lin.txt …` opens without this program what the person may open.

Rules: a weak work factor is refused; after unlocking, the secrets must fit the public
page, or something was swapped.

    people.create("lin", passphrase, created="2026-11-23T09:00:00+08:00")
    people.unlock("lin", passphrase).sign(statement)
"""

from __future__ import annotations

import binascii
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage import durable
from storage.age.files import decrypt, encrypt, parse_identity_file
from storage.age.passphrase import DEFAULT_LOG_N, MAX_LOG_N, Passphrase
from storage.age.recipients import HybridIdentity, HybridRecipient, parse_recipient
from storage.errors import Damaged, NoKey, Occupied, Unsuitable, WrongPassphrase
from storage.names import checked_person_name

MIN_LOG_N = 16
MAX_FILE_BYTES = 64 * 1024
_SEED_LINE = re.compile(r"^# ed25519: ([A-Za-z0-9+/]{43}=)$", re.MULTILINE)


@dataclass(frozen=True)
class Person:
    """The public page: who it is, since when (ISO 8601, as given), and both public keys."""

    name: str
    created: str
    verify_key: bytes
    recipient: HybridRecipient

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this person signed exactly this message (Ed25519, RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.verify_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Unlocked:
    """A person whose secrets are at hand. Neither is ever shown in a repr."""

    name: str
    identity: HybridIdentity
    signing_seed: bytes = field(repr=False)

    @cached_property
    def signing_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.signing_seed)

    @cached_property
    def verify_key(self) -> bytes:
        """The public half of the signing key, 32 bytes."""
        return self.signing_key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes of Ed25519 signature."""
        return self.signing_key.sign(message)


class People:
    """The folder of persons' keys; `folder` is `keys/people` of an archive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(
        self, name: str, passphrase: str, *, created: str, log_n: int = DEFAULT_LOG_N
    ) -> Unlocked:
        """Make a person with new keys, durable on return.

        `log_n` is the scrypt work factor, 16 to 22; 18 takes 256 MiB and most of a second.
        Raises Unsuitable (name, passphrase, factor), Occupied, DiskFailed.
        """
        public, private = self._paths(name)
        if public.exists() or private.exists():
            raise Occupied(f"there is a person {name} already")
        unlocked, sealed, page = _new_person(name, passphrase, created, log_n)
        with durable.Batch() as batch:
            batch.add(private, sealed, mode=0o600)
            batch.add(public, _page_text(page), mode=0o644)
            batch.commit()
        return unlocked

    def renew(
        self, name: str, passphrase: str, *, created: str, log_n: int = DEFAULT_LOG_N
    ) -> Unlocked:
        """Give a person new keys in place of the old ones, or the first; durable on return.

        What was sealed to the old keys opens only with a copy of the old files. Killed between
        its two files it leaves keys that do not fit the page, which `unlock` refuses; run it
        again. Raises Unsuitable, DiskFailed.
        """
        public, private = self._paths(name)
        unlocked, sealed, page = _new_person(name, passphrase, created, log_n)
        durable.make_folders(private.parent)
        durable.replace(private, sealed, mode=0o600)
        durable.replace(public, _page_text(page), mode=0o644)
        return unlocked

    def unlock(self, name: str, passphrase: str) -> Unlocked:
        """Open a person's key file; takes as long as its work factor says.

        Raises Unsuitable (name), Missing, WrongPassphrase, and Damaged when the key file is
        broken or belongs to another public page.
        """
        public = self.person(name)
        sealed = durable.read_bytes(self._paths(name)[1], MAX_FILE_BYTES)
        try:
            text = decrypt([Passphrase(passphrase)], sealed)
        except NoKey:
            raise WrongPassphrase(f"this passphrase does not open the key of {name}") from None
        unlocked = _parse_secrets(name, text.decode("utf-8", "replace"))
        if (unlocked.identity.recipient, unlocked.verify_key) != (
            public.recipient,
            public.verify_key,
        ):
            raise Damaged(f"the key file of {name} belongs to another public page")
        return unlocked

    def change_passphrase(
        self, name: str, old: str, new: str, *, log_n: int = DEFAULT_LOG_N
    ) -> None:
        """Seal the same keys under another passphrase.

        Old copies of the key file still open with the old one. Raises what `create` and
        `unlock` do.
        """
        unlocked = self.unlock(name, old)
        durable.replace(self._paths(name)[1], _seal(unlocked, new, log_n), mode=0o600)

    def retire(self, name: str) -> bool:
        """Delete a person's key file: from here on nobody acts or opens anything as this person.

        The public page stays, because it verifies what the person signed. False when the file
        was gone already. Raises Unsuitable, DiskFailed.
        """
        return durable.remove(self._paths(name)[1])

    def person(self, name: str) -> Person:
        """A public page. Raises Unsuitable (name), Missing, Damaged."""
        raw = durable.read_bytes(self._paths(name)[0], MAX_FILE_BYTES)
        try:
            fields = json.loads(raw)
            recipient = parse_recipient(fields["recipient"])
            verify_key = binascii.a2b_base64(fields["verify_key"], strict_mode=True)
            page = Person(fields["name"], fields["created"], verify_key, recipient)  # type: ignore[arg-type]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, Unsuitable):
            raise Damaged(f"the public page of {name} cannot be read") from None
        if page.name != name or not isinstance(recipient, HybridRecipient):
            raise Damaged(f"the public page of {name} is another's")
        return page

    def names(self) -> list[str]:
        """Everybody who has a public page, sorted."""
        if not self._folder.is_dir():
            return []
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def digests(self, name: str) -> list[list[str]]:
        """A person's two files: name below `keys/` and SHA-256 of each; one that is gone is left
        out. Raises Unsuitable, DiskFailed."""
        return [
            [f"people/{path.name}", durable.digest_of(path).sha256]
            for path in self._paths(name)
            if path.exists()
        ]

    def _paths(self, name: str) -> tuple[Path, Path]:
        checked = checked_person_name(name)
        return self._folder / f"{checked}.json", self._folder / f"{checked}.age"


def _new_person(
    name: str, passphrase: str, created: str, log_n: int
) -> tuple[Unlocked, bytes, Person]:
    """New keys, their sealed file and their public page; nothing is written."""
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    unlocked = Unlocked(name, HybridIdentity.generate(), seed)
    sealed = _seal(unlocked, passphrase, log_n)
    return unlocked, sealed, Person(name, created, unlocked.verify_key, unlocked.identity.recipient)


def _seal(unlocked: Unlocked, passphrase: str, log_n: int) -> bytes:
    if not passphrase:
        raise Unsuitable("an empty passphrase protects nothing")
    if not MIN_LOG_N <= log_n <= MAX_LOG_N:
        raise Unsuitable(f"the work factor lies between 2^{MIN_LOG_N} and 2^{MAX_LOG_N}")
    seed = binascii.b2a_base64(unlocked.signing_seed, newline=False).decode("ascii")
    lines = [
        f"# archivist person: {unlocked.name}",
        f"# ed25519: {seed}",
        unlocked.identity.secret_text(),
        "",
    ]
    return encrypt([Passphrase(passphrase, log_n)], "\n".join(lines).encode("utf-8"))


def _parse_secrets(name: str, text: str) -> Unlocked:
    found = _SEED_LINE.findall(text)
    try:
        identities = parse_identity_file(text)
        seeds = [binascii.a2b_base64(seed, strict_mode=True) for seed in found]
    except (Unsuitable, ValueError):
        raise Damaged(f"the key file of {name} cannot be read") from None
    if len(seeds) != 1 or len(identities) != 1 or not isinstance(identities[0], HybridIdentity):
        raise Damaged(f"the key file of {name} does not hold one key of each kind")
    return Unlocked(name, identities[0], seeds[0])


def _page_text(page: Person) -> bytes:
    fields = {
        "name": page.name,
        "created": page.created,
        "verify_key": binascii.b2a_base64(page.verify_key, newline=False).decode("ascii"),
        "recipient": page.recipient.text,
    }
    return json.dumps(fields, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
