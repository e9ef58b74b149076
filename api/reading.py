"""What a door answers from: registers as they are now, or as of an earlier log size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from api.pages import Pages
from api.replies import ITEM, REVALIDATE
from trigpoint.errors import NoSuchRecord
from trigpoint.iris import encode_key
from trigpoint.log.entry import Record
from trigpoint.snapshot import Snapshot


@dataclass(kw_only=True)
class Reading:
    """Registers to answer from, and the pages to answer with.

    `asked` is the `size` parameter as the client gave it, and `now` the registers as
    they are, when this is of an earlier size. `fixed` says that an answer from here
    will never be another, unless something is withheld.
    """

    registers: Snapshot
    pages: Pages
    asked: str | None = None
    now: Snapshot | None = None
    fixed: bool = False

    @property
    def base(self) -> str:
        return self.registers.base

    @property
    def lifetime(self) -> str:
        """`Cache-Control` of an answer that depends on nothing but the log."""
        return ITEM if self.fixed else REVALIDATE

    @property
    def query(self) -> str:
        """The query string that asks for the same size elsewhere; empty for now."""
        return "" if self.asked is None else f"size={quote(self.asked)}"

    @property
    def sizes(self) -> dict[str, int]:
        """The log size of every register that is known and has entries."""
        sizes = self.registers.log.sizes()
        known = self.registers.schemas
        return {name: size for name, size in sizes.items() if size and name in known}

    def size_of(self, register: str) -> dict[str, int]:
        """The log size of one register, as answers name it."""
        return {register: self.registers.log.size(register)}

    def path(self, path: str) -> str:
        """A URI reference to a path of this installation."""
        return prefix_of(self.base) + path

    def record_path(self, door: str, register: str, key: str, suffix: str = "") -> str:
        """Where a record is: `door` is `id`, `doc` or `registers`."""
        if door == "registers":
            return self.path(f"/registers/{register}/records/{encode_key(key)}{suffix}")
        return self.path(f"/{door}/{register}/{encode_key(key)}{suffix}")

    def held(self, register: str, key: str) -> bool:
        """Whether the register holds this key, withheld or not."""
        return self.registers.held(register, key)

    def record(self, register: str, key: str) -> Record:
        """A record; raises NoSuchRecord, saying so if it came later, and Withheld."""
        try:
            return self.registers.log.record(register, key)
        except NoSuchRecord as error:
            raise self.missing(register, key) from error

    def missing(self, register: str, key: str, why: str = "") -> NoSuchRecord:
        """The error for a key that is not held, or was not yet."""
        if self.now is None or not self.now.held(register, key):
            return NoSuchRecord(f"{register} holds no record “{key}”{why}", key=key)
        size = self.registers.log.size(register)
        first = self.now.log.trail(register, key)[0].number
        return NoSuchRecord(
            f"{register} held no record “{key}” when it had {size} entries: it came "
            f"with entry {first}",
            key=key,
            entry=first,
        )

    def as_of(self, sizes: Mapping[str, int], asked: str, *, fixed: bool) -> Reading:
        """The same when these registers had so many entries; raises NoSuchRegister,
        and NoSuchEntry for a size beyond the log."""
        return Reading(
            registers=self.registers.as_of(sizes),
            pages=self.pages,
            asked=asked,
            now=self.registers,
            fixed=fixed,
        )


def prefix_of(base: str) -> str:
    """The path that an installation is served under: empty, or such as `/map`."""
    return urlsplit(base).path
