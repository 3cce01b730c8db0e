// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISeedSource} from "../interfaces/ISeedSource.sol";
import {KeptHashes} from "./KeptHashes.sol";

/// @title BlockhashSeed
/// @notice For chains without a usable `prevrandao`: the anchor block's hash.
/// @dev Whoever builds the anchor block can grind its hash at the cost of hashing; see the README, known limits.
contract BlockhashSeed is KeptHashes {
    /// @inheritdoc ISeedSource
    uint16 public constant LEAST_DELAY = 1;

    /// @inheritdoc ISeedSource
    function seed(uint256, uint256 anchor, bytes calldata) external view returns (bytes32) {
        return _hashOf(anchor);
    }
}
