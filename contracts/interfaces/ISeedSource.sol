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
    /// @param anchor Block number fixed when the round opened; at most 256 blocks old, never the current block.
    /// @param proof Whatever the source needs to show the value; empty where it needs nothing.
    /// @return The value, unpredictable when the round opens: see each source for how many blocks `seedDelay` must be.
    function seed(uint256 round, uint256 anchor, bytes calldata proof) external view returns (bytes32);
}
