#!/usr/bin/env python3
"""Be a witness: remember how far a ledger came, cosign what only grew, refuse the rest.

    witness.py FOLDER --name NAME --log VKEY [--log VKEY]... [--host 127.0.0.1] [--port 8088]

Needs Python 3.11 and the package `cryptography`, and not one line of the program it watches. To
be run on a machine that the archive's administrator does not administer. FOLDER holds the
witness's key, made on first use, and the newest head of each log; it may also be used by
`archivist ledger witness add --folder`. VKEY is a log's verifier key.

The protocol is C2SP tlog-witness: POST /add-checkpoint with the size known before, a consistency
proof and the signed checkpoint; the answer is a timestamped cosignature (0x04, Ed25519). A
witness sees sizes and hashes, never an entry. GET /vkey and GET /checkpoint/ID show its key and
the newest head held, ID being the first 32 hex digits of the SHA-256 of the log's name.

Prints its verifier key, then one line per request, without addresses. Ends on SIGINT or SIGTERM.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import hashlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_BODY = 70_000
MAX_HASHES = 63
TIMEOUT_SECONDS = 10
AT_ONCE = 16
KEY_MAGIC = "ARCHIVIST-WITNESS-KEY-1"
Head = tuple[int, bytes]
Reply = tuple[int, bytes, str]


class Refused(Exception):
    """An answer other than 200: status, and what is said."""

    def __init__(self, status: int, text: str, media: str = "text/plain; charset=utf-8") -> None:
        super().__init__(text)
        self.reply: Reply = (status, text.encode() + b"\n", media)


# --- formats --------------------------------------------------------------------------


def b64(text: str, length: int | None = None) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text or length not in (None, len(raw)):
        raise ValueError("not the base64 expected")
    return raw


def number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or str(int(text)) != text:
        raise ValueError("not a plain number")
    return int(text)


def key_id(name: str, material: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]


class Log:
    """A log that is watched: its name and key, from its verifier key text."""

    def __init__(self, vkey: str) -> None:
        self.vkey = vkey
        self.name, _, rest = vkey.partition("+")
        identifier, _, key = rest.partition("+")
        material = b64(key, 33)
        self.key_id = key_id(self.name, material)
        if material[0] != 1 or self.key_id.hex() != identifier or not self.name:
            raise ValueError("not the verifier key of a log")
        self.public = Ed25519PublicKey.from_public_bytes(material[1:])

    def signature_in(self, text: str, signatures: list[tuple[str, bytes]]) -> bytes:
        """This log's signature, or Refused. One of another key is ignored."""
        for name, blob in signatures:
            if name == self.name and blob[:4] == self.key_id:
                try:
                    self.public.verify(blob[4:], text.encode())
                except InvalidSignature:
                    break
                return blob
        raise Refused(403, "not signed by this log")


def opened(note: str) -> tuple[str, str, Head, list[tuple[str, bytes]]]:
    """Text, origin, head and signatures of a signed checkpoint. Raises ValueError."""
    body, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise ValueError("not a signed note")
    origin, size, root = body.split("\n")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, name, blob = line.split(" ")
        if dash != "—" or not name or "+" in name:
            raise ValueError("not a signature line")
        signatures.append((name, b64(blob)))
    if not origin or len(signatures) > 64:
        raise ValueError("not a checkpoint")
    return body + "\n", origin, (number(size), b64(root, 32)), signatures


def grew(old: Head, new: Head, proof: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2; both sizes are above 0 and differ."""

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    (old_size, old_root), (size, root) = old, new
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if not last:
            return False
        if position & 1 or position == last:
            old_found, new_found = node(sibling, old_found), node(sibling, new_found)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new_found = node(new_found, sibling)
        position, last = position >> 1, last >> 1
    return not last and (old_found, new_found) == (old_root, root)


# --- the witness ----------------------------------------------------------------------


class Witness:
    """The key, and a folder with the newest head of each log."""

    def __init__(self, folder: Path, name: str, vkeys: list[str]) -> None:
        self.folder = folder
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        self.name, seed = self._key(name)
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        material = b"\x04" + self.key.public_key().public_bytes_raw()
        self.key_id = key_id(self.name, material)
        self.vkey = f"{self.name}+{self.key_id.hex()}+{base64.b64encode(material).decode()}"
        replace(folder / "witness.vkey", self.vkey.encode() + b"\n", 0o644)
        for log in map(Log, vkeys):
            known = self._log(log.name)
            if known is not None and known.vkey != log.vkey:
                sys.exit(f"{log.name} is known here by another key")
            replace(self._path(log.name, "vkey"), f"{log.vkey}\n".encode(), 0o644)

    def _key(self, name: str) -> tuple[str, bytes]:
        path = self.folder / "witness.key"
        if not path.exists():
            if not name or "+" in name or not name.isprintable() or " " in name:
                sys.exit("a new witness needs --name, without spaces and plus signs")
            seed = base64.b64encode(os.urandom(32)).decode()
            replace(path, f"{KEY_MAGIC}\n{name}\n{seed}\n".encode(), 0o600)
        magic, kept, seed, _ = path.read_text("utf-8").split("\n")
        if magic != KEY_MAGIC or name not in ("", kept):
            sys.exit(f"the witness in this folder is {kept}")
        return kept, b64(seed, 32)

    def _path(self, origin: str, suffix: str) -> Path:
        digest = hashlib.sha256(origin.encode()).hexdigest()[:32]
        return self.folder / "logs" / f"{digest}.{suffix}"

    def _log(self, origin: str) -> Log | None:
        path = self._path(origin, "vkey")
        return Log(path.read_text("utf-8").strip()) if path.exists() else None

    def _held(self, log: Log) -> Head:
        """The newest head that was cosigned here; what somebody else put there ends in a 500."""
        path = self._path(log.name, "checkpoint")
        if not path.exists():
            return 0, hashlib.sha256(b"").digest()
        text, origin, head, signatures = opened(path.read_text("utf-8"))
        log.signature_in(text, signatures)
        own = next(blob for name, blob in signatures if blob[:4] == self.key_id)
        self.key.public_key().verify(own[12:], stamped(text, int.from_bytes(own[4:12], "big")))
        if origin != log.name:
            raise ValueError("another log's head")
        return head

    def add_checkpoint(self, body: bytes, now: int) -> bytes:
        """The cosignature line, or Refused. Checking and remembering are one step."""
        try:
            first, _, note = body.decode().partition("\n\n")
            word, *hashes = first.split("\n")
            if not word.startswith("old ") or len(hashes) > MAX_HASHES:
                raise ValueError("not a request")
            old, proof = number(word[4:]), [b64(line, 32) for line in hashes]
            text, origin, head, signatures = opened(note)
        except ValueError:
            raise Refused(400, "not a request to cosign") from None
        with self._alone():
            log = self._log(origin)
            if log is None:
                raise Refused(404, "this log is not watched here")
            theirs = log.signature_in(text, signatures)
            self._weigh(old, proof, head, self._held(log))
            blob = self.key_id + now.to_bytes(8, "big") + self.key.sign(stamped(text, now))
            line = f"— {self.name} {base64.b64encode(blob).decode()}\n"
            kept = f"{text}\n— {log.name} {base64.b64encode(theirs).decode()}\n{line}"
            replace(self._path(origin, "checkpoint"), kept.encode(), 0o644)
        return line.encode()

    @staticmethod
    def _weigh(old: int, proof: list[bytes], head: Head, held: Head) -> None:
        conflict = Refused(409, str(held[0]), "text/x.tlog.size")
        if old > head[0]:
            raise Refused(400, "the old size is larger than the new one")
        if old != held[0] or (old == head[0] and held != head):
            raise conflict
        if old in (0, head[0]):
            if proof:
                raise Refused(422, "a proof must be empty here")
        elif not grew(held, head, proof):
            raise Refused(422, "the proof does not show that the log only grew")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def stamped(text: str, now: int) -> bytes:
    return f"cosignature/v1\ntime {now}\n{text}".encode()


def replace(path: Path, data: bytes, mode: int) -> None:
    """Durable on return: the new bytes or the old ones, whenever the power goes."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    fd = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


# --- HTTP -----------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """One connection; an idle or slow one is closed."""

    witness: Witness
    room = BoundedSemaphore(AT_ONCE)
    timeout = TIMEOUT_SECONDS
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "witness", ""

    def do_POST(self) -> None:
        self._answer(self._posted)

    def do_GET(self) -> None:
        self._answer(self._got)

    def _answer(self, work: object) -> None:
        assert callable(work)
        try:
            if not self.room.acquire(timeout=TIMEOUT_SECONDS):
                raise Refused(503, "too many at once")
            try:
                reply: Reply = (200, work(), "text/plain; charset=utf-8")
            finally:
                self.room.release()
        except Refused as refused:
            reply = refused.reply
        except (OSError, ValueError, InvalidSignature, StopIteration) as error:
            reply = (500, f"{type(error).__name__}\n".encode(), "text/plain; charset=utf-8")
        status, body, media = reply
        self.close_connection = self.close_connection or status != 200
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _posted(self) -> bytes:
        if self.path != "/add-checkpoint":
            raise Refused(404, "there is /add-checkpoint")
        try:
            length = number(self.headers.get("Content-Length", ""))
        except ValueError:
            raise Refused(411, "a length is needed") from None
        if length > MAX_BODY:
            raise Refused(413, "too long")
        return self.witness.add_checkpoint(self.rfile.read(length), int(time.time()))

    def _got(self) -> bytes:
        if self.path == "/vkey":
            return self.witness.vkey.encode() + b"\n"
        name = self.path.removeprefix("/checkpoint/")
        known = {path.stem: path for path in (self.witness.folder / "logs").glob("*.checkpoint")}
        if name not in known:
            raise Refused(404, "there are /vkey and /checkpoint/ID")
        return known[name].read_bytes()

    def log_message(self, form: str, *words: object) -> None:
        print(time.strftime("%Y-%m-%dT%H:%M:%S"), form % words, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="")
    parser.add_argument("--log", action="append", default=[], metavar="VKEY")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8088)
    options = parser.parse_args()
    try:
        Handler.witness = Witness(options.folder, options.name, options.log)
    except ValueError as error:
        parser.error(str(error))
    with ThreadingHTTPServer((options.host, options.port), Handler) as server:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print(
            Handler.witness.vkey,
            f"http://{options.host}:{server.server_port}",
            sep="\n",
            flush=True,
        )
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
