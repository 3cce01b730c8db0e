// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title SeatFacts
/// @notice Facts of division that the proofs of the permutation rest on. Each is true of all words within its bounds: proved by
/// {SeatFactProofs}, for a solver of integers, and assumed by {SeatProofs}, where every product and quotient is a symbol.
/// One function for both: what is assumed is what was proved. Assembly, for a branch would split every path in two.
library SeatFacts {
    uint256 internal constant SIDES = 1 << 13; // Above every side: 4096 at most.

    /// @notice Adding `h` modulo `side` stays below it, and tells `u` from `v`.
    function stepIsUndone(uint256 u, uint256 v, uint256 h, uint256 side) internal pure returns (bool holds) {
        assembly ("memory-safe") {
            let r := addmod(u, h, side)
            let s := addmod(v, h, side)
            holds := and(lt(r, side), or(iszero(eq(r, s)), eq(u, v)))
            holds := or(iszero(and(lt(u, side), lt(v, side))), holds)
        }
    }

    /// @notice Whether `members` are a·b, b = ⌈members / a⌉. Without a product, whose operands the compiler orders as it likes.
    function fills(uint256 a, uint256 b, uint256 members) internal pure returns (bool filled) {
        uint256 other = otherSide(a, members);
        assembly ("memory-safe") {
            filled := and(iszero(iszero(a)), and(iszero(mod(members, a)), eq(other, b)))
        }
    }

    /// @notice ⌈members / a⌉.
    function otherSide(uint256 a, uint256 members) internal pure returns (uint256 b) {
        assembly ("memory-safe") {
            b := div(sub(add(members, a), 1), a)
        }
    }

    /// @notice A value below a·b is two halves, below a and b.
    function splits(uint256 value, uint256 a, uint256 b, uint256 members) internal pure returns (bool holds) {
        bool filled = fills(a, b, members);
        assembly ("memory-safe") {
            holds := and(lt(mod(value, a), a), lt(div(value, a), b))
            holds := or(iszero(and(filled, lt(value, members))), holds)
        }
    }

    /// @notice Values of the same halves are the same.
    function splitsOnce(uint256 value, uint256 value2, uint256 a) internal pure returns (bool holds) {
        assembly ("memory-safe") {
            let same := and(eq(mod(value, a), mod(value2, a)), eq(div(value, a), div(value2, a)))
            holds := or(iszero(and(iszero(iszero(a)), same)), eq(value, value2))
        }
    }

    /// @notice Two halves, below a and b, make a value below a·b.
    function joinsBelow(uint256 x, uint256 y, uint256 a, uint256 b, uint256 members)
        internal
        pure
        returns (bool holds)
    {
        bool filled = fills(a, b, members);
        assembly ("memory-safe") {
            holds := or(iszero(and(filled, and(lt(x, a), lt(y, b)))), lt(add(mul(y, a), x), members))
        }
    }

    /// @notice Other halves make another value.
    function joinsOnce(uint256 x, uint256 y, uint256 x2, uint256 y2, uint256 a)
        internal
        pure
        returns (bool holds)
    {
        assembly ("memory-safe") {
            let same := eq(add(mul(y, a), x), add(mul(y2, a), x2))
            holds := or(iszero(and(and(lt(x, a), lt(x2, a)), same)), and(eq(x, x2), eq(y, y2)))
        }
    }
}
