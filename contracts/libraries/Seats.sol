// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Seats
/// @notice Who sits where: a keyed permutation of the members, computed for one member at a time and never stored.
library Seats {
    /// @notice Proposer seats at most; bounds every loop over proposals.
    uint256 internal constant MAX_PROPOSERS = 16;

    /// @notice Members that a round takes at least.
    uint256 internal constant MIN_MEMBERS = 4;

    /// @notice Half-steps of the Feistel network. Four fail a test of pairs at 50 members.
    uint256 internal constant STEPS = 8;

    /// @notice Seats of a round: S = min(16, max(1, ⌊(bps·n + 5000) / 10000⌋)), V = min(voterSeats, n − S).
    /// @param members Members at the round's opening, n ≥ 4.
    /// @param proposerBps Share of members that propose, basis points, at most 5000.
    /// @param voterSeats Committee size wanted.
    /// @return proposers S.
    /// @return voters V, at least one.
    function counts(uint256 members, uint256 proposerBps, uint256 voterSeats)
        internal
        pure
        returns (uint256 proposers, uint256 voters)
    {
        // No overflow: members fit 24 bits, basis points 16. S ≤ n, since bps ≤ 5000.
        unchecked {
            proposers = Math.min(MAX_PROPOSERS, Math.max(1, (proposerBps * members + 5000) / 10_000));
            voters = Math.min(voterSeats, members - proposers);
        }
    }

    /// @notice The position of member `index` in a round: a permutation of [0, members) keyed by `seed`.
    /// @dev Feistel network on Z_a × Z_b, a = ⌈√n⌉, b = ⌈n / a⌉, walked until the value falls below n. Each step adds a
    /// function of one half to the other, so it can be undone, whatever the function. O(1): a·b < n + a, so a walk
    /// takes less than two turns on average.
    /// @param seed The round's seed.
    /// @param index Index of the member at the round's opening, below `members`.
    /// @param members Members at the round's opening.
    /// @param a ⌈√members⌉, kept with the round: a root costs as much as the permutation.
    /// @return value Position, below `members`.
    function position(uint256 seed, uint256 index, uint256 members, uint256 a)
        internal
        pure
        returns (uint256 value)
    {
        value = index;
        do {
            value = _permute(seed, value, members, a);
        } while (value >= members);
    }

    function _permute(uint256 seed, uint256 value, uint256 members, uint256 a)
        private
        pure
        returns (uint256 permuted)
    {
        // Assembly, for it is half as dear. Scratch space only. No division by zero: a ≥ b ≥ 1. No overflow: all fit 24 bits.
        assembly ("memory-safe") {
            let b := div(sub(add(members, a), 1), a)
            let x := mod(value, a)
            let y := div(value, a)
            mstore(0x00, seed)
            // Four steps a turn; STEPS is a multiple.
            for { let step := 0 } lt(step, shl(128, STEPS)) { step := add(step, shl(130, 1)) } {
                mstore(0x20, or(step, y))
                x := addmod(x, keccak256(0x00, 0x40), a)
                mstore(0x20, or(add(step, shl(128, 1)), x))
                y := addmod(y, keccak256(0x00, 0x40), b)
                mstore(0x20, or(add(step, shl(129, 1)), y))
                x := addmod(x, keccak256(0x00, 0x40), a)
                mstore(0x20, or(add(step, shl(128, 3)), x))
                y := addmod(y, keccak256(0x00, 0x40), b)
            }
            permuted := add(mul(y, a), x)
        }
    }
}
