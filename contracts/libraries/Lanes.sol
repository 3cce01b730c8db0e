// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Lanes
/// @notice Sixteen numbers of 16 bits in one word.
library Lanes {
    uint256 private constant BITS = 16;

    /// @notice The number in lane `j`, below 16.
    function get(uint256 word, uint256 j) internal pure returns (uint256) {
        return uint16(word >> (j * BITS));
    }

    /// @notice `word` with `value`, of 16 bits, in lane `j`, below 16.
    function set(uint256 word, uint256 j, uint256 value) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint16).max) << (j * BITS))) | (value << (j * BITS));
    }
}
