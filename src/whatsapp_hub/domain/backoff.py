"""How long to wait after failures in a row: more each time, up to a cap, spread by chance."""

from dataclasses import dataclass

_STEPS = 30
"""Growth is cut off here: far beyond any cap, and no float overflows."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """`first_s` after the first failure, each time `factor` times as long, `longest_s` at most. Chance (0 to 1) moves
    the result between `least` and `most` of it, so that many who failed together do not return together."""

    first_s: float
    longest_s: float
    factor: float = 2.0
    least: float = 1.0
    most: float = 1.0

    def after(self, failures: int, chance: float = 1.0) -> float:
        """Return the seconds to wait after so many failures in a row; none counts as one."""
        grown = self.first_s * self.factor ** min(max(failures - 1, 0), _STEPS)
        return min(grown, self.longest_s) * (self.least + (self.most - self.least) * chance)


def halved(first_s: float, longest_s: float) -> Backoff:
    """Return a back-off that chance shortens by up to half, for what nobody else waits for."""
    return Backoff(first_s, longest_s, least=0.5)
