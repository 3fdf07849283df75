"""What textbooks and programs do differently: chosen by name, and printed on every page."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROFILES", "Profile"]


@dataclass(frozen=True)
class Profile:
    """A set of conventions.

    Args:
        name: What it is called.
        local_gradient: "delta": δ = −∂E/∂v, as the notes and Haykin write it, so that w grows by
            η δ y; "derivative": ∂E/∂v, as PyTorch computes it, so that w falls by η ∂E/∂w.
        digits: How many significant digits are printed.
        carried: Whether results are rounded to these digits before they are used, as a person with
            pen and paper does; otherwise all digits are kept and only printed short.
    """

    name: str
    local_gradient: str = "delta"
    digits: int = 6
    carried: bool = False

    def sentences(self) -> tuple[str, ...]:
        """Return the conventions as sentences."""
        if self.local_gradient == "delta":
            gradient = (
                "δ = −∂E/∂v (the sign of the notes and of Haykin): Δw = η δ y, w new = w + Δw"
            )
        else:
            gradient = "gradients are ∂E/∂v and ∂E/∂w (the sign of PyTorch): w new = w − η ∂E/∂w"
        kept = (
            f"each result is rounded to {self.digits} significant digits before it is used"
            if self.carried
            else f"all digits are kept; {self.digits} are printed"
        )
        return gradient, kept


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("notes"),
        Profile("pytorch", local_gradient="derivative"),
        Profile("matlab", local_gradient="derivative"),
    )
}
