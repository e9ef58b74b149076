"""Three addresses worth opening, whatever registers are held."""

from __future__ import annotations

from trigpoint.register import Registers

_BEST_FIRST = ("school-eng", "local-authority-eng", "country")
_CHARING_CROSS = "/lookup/point?lon=-0.1276&lat=51.5072"


def examples(registers: Registers) -> list[tuple[str, str]]:
    """Paths and what each shows: the home page, a record, a look-up or SPARQL."""
    sizes = registers.log.sizes()
    held = [name for name, size in sizes.items() if size and name in registers.schemas]
    if not held:
        return [
            ("/", "what is here"),
            ("/def", "the vocabulary"),
            ("/registers", "no register is held yet: load one"),
        ]
    shown = next((name for name in _BEST_FIRST if name in held), held[0])
    found = [("/", "what is here")]
    if "boundary" in held:
        found.append((_CHARING_CROSS, "whose council a point is in"))
    else:
        found.append(("/sparql", "ask across all registers"))
    return [*found, (f"/registers/{shown}/records", registers.schema(shown).title)]
