// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Settlement} from "../../../contracts/libraries/Settlement.sol";
import {Tally} from "../../../contracts/libraries/Tallies.sol";
import {vm} from "../support/Vm.sol";
import {Bits} from "./Bits.sol";

/// @notice Proved by Halmos: what the library pays and slashes is a sum over proposals, of terms that depend on one each.
/// Quotients are symbols here: {ShareProofs} says what the terms come to.
/// @custom:halmos --solver-command ".venv/audit/bin/python tests/forge/proofs/solve.py products"
contract SettlementProofs {
    /// @dev One to four proposals, whichever of them are included.
    function check_slashedIsASumInAnyOrder(
        uint8 p,
        uint8 included,
        Bits.Round memory r,
        uint256 updates,
        uint256 lock
    ) external pure {
        for (uint256 i = 1; i <= 4; ++i) {
            for (uint256 mask; mask < 1 << i; ++mask) {
                if (p == i && included == mask) _checkSlashed(i, mask, r, updates, lock);
            }
        }
    }

    /// @dev Five to sixteen proposals, those included first.
    function check_slashedIsASum(uint8 p, uint8 included, Bits.Round memory r, uint256 updates, uint256 lock)
        external
        pure
    {
        for (uint256 i = 5; i <= 16; ++i) {
            for (uint256 k; k <= i; ++k) {
                if (p == i && included == k) _checkSlashed(i, (1 << k) - 1, r, updates, lock);
            }
        }
    }

    /// @dev One to four proposals, every tally, every ballot.
    function check_payoutIsASumOfAnyBallot(uint8 p, uint8 ballot, Bits.Round memory r) external pure {
        for (uint256 i = 1; i <= 4; ++i) {
            for (uint256 b; b < 1 << i; ++b) {
                if (p == i && ballot == b) _checkPayout(i, b, r);
            }
        }
    }

    /// @dev Five to sixteen proposals, every tally, ballots that accept the first ones.
    function check_payoutIsASum(uint8 p, uint8 accepted, Bits.Round memory r) external pure {
        for (uint256 i = 5; i <= 16; ++i) {
            for (uint256 k; k <= i; ++k) {
                if (p == i && accepted == k) _checkPayout(i, (1 << k) - 1, r);
            }
        }
    }

    /// @dev All-or-nothing ballots, one to sixteen proposals, every tally: Algorithm 1, to the unit.
    function check_allOrNothingIsAlgorithmOne(
        uint8 p,
        uint16 yes,
        Bits.Round memory r,
        uint96 lock,
        uint256 pot
    ) external pure {
        for (uint256 i = 1; i <= 16; ++i) {
            if (p != i) continue;
            for (uint256 j; j < i; ++j) {
                r.yes[j] = yes;
            }
            Tally t = Bits.sealedTally(i, r);
            bool accepted = 2 * Bits.lane(t, 0) > t.revealed();
            for (uint256 j; j < i; ++j) {
                uint256 paid = Settlement.proposerPayout(t, j, lock, pot);
                unchecked {
                    if (accepted) assert(paid == lock + pot / i);
                    else assert(paid == 0);
                }
            }
        }
    }

    /// @dev All-or-nothing ballots, one to sixteen proposals, every tally: the rest and p times one share, which is what
    /// {VoterProofs} holds against Algorithm 2; unanimous ones the stake.
    function check_allOrNothingIsOneSharePTimes(uint8 p, uint16 yes, bool accepts, Bits.Round memory r)
        external
        pure
    {
        for (uint256 i = 1; i <= 16; ++i) {
            if (p != i) continue;
            for (uint256 j; j < i; ++j) {
                r.yes[j] = yes;
            }
            Tally t = Bits.sealedTally(i, r);
            uint256 ballot = accepts ? (1 << i) - 1 : 0;
            uint256 payout = Settlement.voterPayout(t, ballot, r.stake);
            unchecked {
                uint256 ballots = t.revealed();
                uint256 agreeing = accepts ? Bits.lane(t, 0) : ballots - Bits.lane(t, 0);
                if (t.isUnanimous(ballot)) {
                    assert(payout == r.stake && agreeing == t.committed());
                } else {
                    uint256 part = r.stake / i;
                    uint256 share = Bits.share(agreeing, ballots, part, t.committed() * part);
                    assert(payout == r.stake - i * part + i * share);
                }
            }
        }
    }

    function _checkSlashed(uint256 p, uint256 mask, Bits.Round memory r, uint256 updates, uint256 lock)
        private
        pure
    {
        Tally t = Bits.sealedTally(p, r);
        uint256 ballots = t.revealed();
        uint256 included;
        unchecked {
            for (uint256 j; j < p; ++j) {
                if ((mask >> j) & 1 == 1) {
                    vm.assume(2 * Bits.lane(t, j) > ballots);
                    ++included;
                } else {
                    vm.assume(2 * Bits.lane(t, j) <= ballots);
                }
            }
        }
        uint256 committed = t.committed();
        uint256 slashed = Settlement.slashedTotal(t, updates, p, committed, lock, r.stake);
        unchecked {
            uint256 paid = _paid(t, p, r.stake);
            assert(slashed == (updates - included) * lock + committed * r.stake - paid);
        }
    }

    function _checkPayout(uint256 p, uint256 ballot, Bits.Round memory r) private pure {
        Tally t = Bits.sealedTally(p, r);
        uint256 payout = Settlement.voterPayout(t, ballot, r.stake);
        if (t.isUnanimous(ballot)) {
            assert(payout == r.stake && t.committed() == t.revealed());
            for (uint256 j; j < p; ++j) {
                if ((ballot >> j) & 1 == 1) assert(Bits.lane(t, j) == t.committed());
                else assert(Bits.lane(t, j) == 0);
            }
            return;
        }
        unchecked {
            uint256 ballots = t.revealed();
            uint256 part = r.stake / p;
            uint256 pot = t.committed() * part;
            uint256 sum = r.stake - p * part;
            for (uint256 j; j < p; ++j) {
                uint256 yes = Bits.lane(t, j);
                sum += Bits.share((ballot >> j) & 1 == 1 ? yes : ballots - yes, ballots, part, pot);
            }
            assert(payout == sum);
        }
    }

    /// @dev What all ballots get: the rest of each stake that p does not divide, and on each proposal both sides' shares.
    function _paid(Tally t, uint256 p, uint256 stake) private pure returns (uint256 sum) {
        unchecked {
            uint256 ballots = t.revealed();
            uint256 part = stake / p;
            uint256 pot = t.committed() * part;
            sum = ballots * (stake - p * part);
            for (uint256 j; j < p; ++j) {
                uint256 yes = Bits.lane(t, j);
                uint256 no = ballots - yes;
                sum += yes * Bits.share(yes, ballots, part, pot) + no * Bits.share(no, ballots, part, pot);
            }
        }
    }
}
