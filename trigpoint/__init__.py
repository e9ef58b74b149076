"""trigpoint: a linked-data register of addresses, schools, authorities and areas."""

from __future__ import annotations

__version__ = "0.1.0"
