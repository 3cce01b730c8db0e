// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Settlement} from "../../../contracts/libraries/Settlement.sol";
import {vm} from "../support/Vm.sol";
import {Bits} from "./Bits.sol";

/// @notice Proved by Halmos over the integers: what one proposal pays, of the sums that {SettlementProofs} finds in the library.
/// Counts below 2^14, stakes below 2^96.
/// @custom:halmos --solver-command ".venv/audit/bin/python tests/forge/proofs/solve.py integers"
contract ShareProofs {
    uint256 private constant VOTES = 1 << 14;
    uint256 private constant STAKES = 1 << 96;

    /// @dev The ballot of a majority of those committed gets ⌊pot / W⌋, against one nothing, and its part where neither side is one.
    function check_shareIsByMajority(
        uint256 w,
        uint256 revealed,
        uint256 committed,
        uint256 part,
        uint256 pot
    ) external pure {
        vm.assume(w <= revealed && revealed <= committed && committed < VOTES);
        uint256 paid = Bits.share(w, committed, revealed, part, pot);
        unchecked {
            if (2 * w > committed) assert(paid == pot / w);
            else if (2 * (revealed - w) > committed) assert(paid == 0);
            else assert(paid == part);
        }
    }

    /// @dev What a majority gets is at most the pot of the proposal, whatever the pot.
    function check_majorityStaysWithinPot(uint256 w, uint256 part, uint256 revealed) external pure {
        vm.assume(0 < w && w < VOTES && revealed < VOTES && part < STAKES);
        unchecked {
            uint256 pot = revealed * part;
            assert(w * (pot / w) <= pot);
        }
    }

    /// @dev The pot of a proposal, the parts of the ballots revealed, is at most what was locked for it.
    function check_potStaysWithinLocks(uint256 revealed, uint256 committed, uint256 part) external pure {
        vm.assume(revealed <= committed && committed < VOTES && part < STAKES);
        unchecked {
            assert(revealed * part <= committed * part);
        }
    }

    /// @dev Where neither side is a majority both together get the pot.
    function check_returnedPartsAreThePot(uint256 yes, uint256 no, uint256 part) external pure {
        unchecked {
            assert(yes * part + no * part == (yes + no) * part);
        }
    }

    /// @dev Where all that revealed agreed, ⌊R · part / R⌋ is the part.
    function check_unanimityReturnsTheParts(uint256 revealed, uint256 part) external pure {
        vm.assume(0 < revealed && revealed < VOTES && part < STAKES);
        unchecked {
            assert((revealed * part) / revealed == part);
        }
    }

    /// @dev No product of the library overflows.
    function check_productsFit(uint256 count, uint256 stake) external pure {
        vm.assume(count < VOTES && stake < STAKES);
        unchecked {
            assert(count * stake < 1 << 110);
        }
    }

    /// @dev The shares of proposers are at most the pot together, whatever the pot and their number.
    function check_proposersStayWithinPot(uint256 pot, uint256 included) external pure {
        vm.assume(included <= 16);
        unchecked {
            assert(included * Settlement.shareDown(pot, included) <= pot);
        }
    }

    /// @dev Locks are the parts and the rests: C · stake = C · rest + p · (C · part).
    function check_locksArePartsAndRests(uint256 p, uint256 committed, uint256 part, uint256 rest)
        external
        pure
    {
        unchecked {
            uint256 stake = p * part + rest;
            assert(committed * stake == committed * rest + p * (committed * part));
        }
    }

    /// @dev p ⌊stake / p⌋ ≤ stake, and the rest is below p.
    function check_partsAreOfTheStake(uint256 p, uint256 stake) external pure {
        vm.assume(0 < p && p <= 16 && stake < STAKES);
        unchecked {
            assert(p * (stake / p) <= stake && stake - p * (stake / p) < p);
        }
    }

    /// @dev Sixteen proposals that stay within their pots, and the rests of the ballots revealed, stay within the locks.
    function check_sumStaysWithinLocks(
        uint256[16] calldata paid,
        uint256 pot,
        uint256 rests,
        uint256 revealed
    ) external pure {
        vm.assume(pot < 1 << 110 && rests < 1 << 110 && revealed <= rests);
        unchecked {
            uint256 sum = revealed;
            uint256 locks = rests;
            for (uint256 j; j < 16; ++j) {
                vm.assume(paid[j] <= pot);
                sum += paid[j];
                locks += pot;
                assert(sum <= locks && locks < 1 << 116);
            }
        }
    }
}
