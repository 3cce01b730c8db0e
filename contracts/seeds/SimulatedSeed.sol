// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISeedSource} from "../interfaces/ISeedSource.sol";

/// @title SimulatedSeed
/// @notice For simulations only: a value that contract and reference both compute from a salt. Anyone can predict it.
contract SimulatedSeed is ISeedSource {
    /// @inheritdoc ISeedSource
    uint16 public constant LEAST_DELAY = 1;
    /// @inheritdoc ISeedSource
    uint16 public constant WINDOW = 256;

    bytes32 public immutable SALT;

    constructor(bytes32 salt) {
        SALT = salt;
    }

    /// @inheritdoc ISeedSource
    function seed(uint256 round, uint256, bytes calldata) external view returns (bytes32) {
        return keccak256(abi.encode(SALT, round));
    }
}
