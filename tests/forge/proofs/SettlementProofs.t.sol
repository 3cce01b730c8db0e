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
    /// @dev One to sixteen proposals, every tally, whichever are included.
    function check_slashedIsASum(uint8 p, Bits.Round memory r, uint256 updates, uint256 lock) external pure {
        for (uint256 i = 1; i <= 16; ++i) {
            if (p == i) _checkSlashed(i, r, updates, lock);
        }
    }

    /// @dev One to sixteen proposals, every tally, every ballot.
    function check_payoutIsASum(uint8 p, uint16 ballot, Bits.Round memory r) external pure {
        for (uint256 i = 1; i <= 16; ++i) {
            if (p == i) _checkPayout(i, ballot & ((1 << i) - 1), r);
        }
    }

    /// @dev With a ballot agree those of its side.
    function check_agreeingIsTheBallotsSide(uint256 ballot, uint256 yes, uint256 ballots) external pure {
        uint256 agreeing = Bits.agreeing(ballot, yes, ballots);
        unchecked {
            assert(agreeing == (ballot % 2 == 1 ? yes : ballots - yes));
        }
    }

    /// @dev All-or-nothing ballots, one to sixteen proposals, every tally: Algorithm 1, to the unit, where nobody is silent;
    /// silence can give the stake back besides.
    function check_allOrNothingIsAlgorithmOne(
        uint8 p,
        uint16 yes,
        Bits.Round memory r,
        uint96 lock,
        uint96 pot,
        uint96 reward
    ) external pure {
        for (uint256 i = 1; i <= 16; ++i) {
            if (p != i) continue;
            for (uint256 j; j < i; ++j) {
                r.yes[j] = yes;
            }
            Tally t = Bits.sealedTally(i, r);
            bool accepted = 2 * Bits.lane(t, 0) > t.committed();
            bool rejected = 2 * (t.revealed() - Bits.lane(t, 0)) >= t.committed();
            assert(t.revealed() != t.committed() || accepted != rejected);
            for (uint256 j; j < i; ++j) {
                uint256 paid = Settlement.proposerPayout(t, j, lock, pot, reward);
                unchecked {
                    if (accepted) assert(paid == uint256(lock) + pot / i + reward);
                    else assert(paid == (rejected ? 0 : lock));
                }
            }
        }
    }

    /// @dev One to sixteen proposals, every tally: the budget pays what its included proposals and revealed ballots get.
    function check_rewardsAreASum(uint8 p, Bits.Round memory r, uint96 proposerReward, uint96 voterReward)
        external
        pure
    {
        for (uint256 i = 1; i <= 16; ++i) {
            if (p != i) continue;
            Tally t = Bits.sealedTally(i, r);
            (, uint256 included) = t.included(); // {TallyProofs} says how many.
            uint256 rewards = Settlement.rewards(t, included, proposerReward, voterReward);
            unchecked {
                assert(rewards == included * proposerReward + t.revealed() * voterReward);
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
                    assert(payout == r.stake && agreeing == ballots);
                } else {
                    uint256 part = r.stake / i;
                    uint256 share = Bits.share(agreeing, t.committed(), ballots, part, ballots * part);
                    assert(payout == r.stake - i * part + i * share);
                }
            }
        }
    }

    function _checkSlashed(uint256 p, Bits.Round memory r, uint256 updates, uint256 lock) private pure {
        Tally t = Bits.sealedTally(p, r);
        (, uint256 spared) = t.spared(); // {TallyProofs} says how many.
        uint256 committed = t.committed();
        uint256 slashed = Settlement.slashedTotal(t, updates, p, committed, lock, r.stake);
        unchecked {
            uint256 paid = _paid(t, p, r.stake);
            assert(slashed == (updates - spared) * lock + committed * r.stake - paid);
        }
    }

    function _checkPayout(uint256 p, uint256 ballot, Bits.Round memory r) private pure {
        Tally t = Bits.sealedTally(p, r);
        uint256 payout = Settlement.voterPayout(t, ballot, r.stake);
        uint256 ballots = t.revealed();
        if (t.isUnanimous(ballot)) {
            assert(payout == r.stake);
            for (uint256 j; j < p; ++j) {
                assert(Bits.agreeing(ballot, Bits.lane(t, j), ballots) == ballots);
                ballot >>= 1;
            }
            return;
        }
        unchecked {
            uint256 part = r.stake / p;
            uint256 committed = t.committed();
            uint256 pot = ballots * part;
            uint256 sum = r.stake - p * part;
            for (uint256 j; j < p; ++j) {
                uint256 agreeing = Bits.agreeing(ballot, Bits.lane(t, j), ballots);
                sum += Bits.share(agreeing, committed, ballots, part, pot);
                ballot >>= 1;
            }
            assert(payout == sum);
        }
    }

    /// @dev What all ballots get: the rest of each stake that p does not divide, and on each proposal both sides' shares.
    function _paid(Tally t, uint256 p, uint256 stake) private pure returns (uint256 sum) {
        unchecked {
            uint256 ballots = t.revealed();
            uint256 part = stake / p;
            uint256 committed = t.committed();
            uint256 pot = ballots * part;
            sum = ballots * (stake - p * part);
            for (uint256 j; j < p; ++j) {
                uint256 yes = Bits.lane(t, j);
                uint256 no = ballots - yes;
                sum += yes * Bits.share(yes, committed, ballots, part, pot);
                sum += no * Bits.share(no, committed, ballots, part, pot);
            }
        }
    }
}
