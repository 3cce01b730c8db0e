// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ISeedSource
/// @notice Where a round's randomness comes from; chosen at deployment, never changed.
interface ISeedSource {
    /// @notice Thrown when `proof` does not show the anchor's value.
    /// @param anchor The block whose value was asked for.
    error InvalidSeedProof(uint256 anchor);

    /// @notice The random value of `round`. Every caller gets the same value for the same round and anchor.
    /// @param round The round that draws.
    /// @param anchor Block number fixed when the round opened; at most {WINDOW} blocks old, never the current block.
    /// @param proof Whatever the source needs to show the value; empty where it needs nothing.
    /// @return The value, unpredictable when the round opens if the anchor was {LEAST_DELAY} blocks ahead or more.
    function seed(uint256 round, uint256 anchor, bytes calldata proof) external view returns (bytes32);

    /// @notice Blocks from opening to anchor, at least. Never changes.
    function LEAST_DELAY() external view returns (uint16);

    /// @notice Blocks after the anchor in which its value can still be had. Never changes.
    function WINDOW() external view returns (uint16);
}
