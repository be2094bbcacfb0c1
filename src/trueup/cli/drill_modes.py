"""Who reconciles in a drill, as an option of the commands."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class ModeChoice(StrEnum):
    """Who reconciles in a drill."""

    NATIVE = "native"
    VERIFIED = "verified"
    BOTH = "both"

    @property
    def modes(self) -> tuple[Literal["native", "verified"], ...]:
        """Return the modes to run."""
        match self:
            case ModeChoice.NATIVE:
                return ("native",)
            case ModeChoice.VERIFIED:
                return ("verified",)
        return ("native", "verified")
