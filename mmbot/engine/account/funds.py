"""How much more may be staked, from the balance: the exchange lets unmatched stakes exceed the cash (PROTOCOL 7.6)."""

from __future__ import annotations

from mmbot.domain.money import Cents


def available(balance: Cents, matched_since_read: Cents, outstanding: Cents, multiple: float) -> Cents:
    """What further stakes may sum to, in cents, where money is taken at the match; never negative.

    ``balance`` is as it was read, ``matched_since_read`` the stakes matched after that read was asked for,
    ``outstanding`` the remaining stakes that are open, placing, unknown or cancel-pending.
    ``outstanding <= multiple * (balance - matched_since_read)`` stays true (DESIGN, *Funds*).
    """
    return max(0, _ceiling(balance - matched_since_read, multiple) - outstanding)


def available_at_placement(balance: Cents, placed_since_read: Cents, outstanding: Cents, multiple: float) -> Cents:
    """The same where money is taken at placement: the cash has to cover every further stake in full as well.

    ``placed_since_read`` is every stake sent after the balance was asked for, whatever became of it: a cancelled
    wager's money is back only when the next read shows it, so replacing one needs cash for the old and the new.
    """
    cash = balance - placed_since_read
    return max(0, min(cash, _ceiling(cash, multiple) - outstanding))


def _ceiling(cash: Cents, multiple: float) -> Cents:
    numerator, denominator = multiple.as_integer_ratio()
    return cash * numerator // denominator
