// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {ISeedSource} from "../interfaces/ISeedSource.sol";
import {KeptHashes} from "./KeptHashes.sol";

/// @title PrevrandaoSeed
/// @notice For public networks: the anchor block's `prevrandao`, proved by the block's RLP header against its hash.
/// @dev Not `block.prevrandao`: that is the value of the block in which the caller acts, which the caller can choose.
/// Not the hash: its builder can grind it. Whoever withholds `k` blocks before the anchor gets `2^k` draws.
contract PrevrandaoSeed is KeptHashes {
    /// @inheritdoc ISeedSource
    /// @dev The value is fixed one block before the anchor (EIP-4399): with less the builder of the opening's block knows it.
    uint16 public constant LEAST_DELAY = 2;

    /// @inheritdoc ISeedSource
    function seed(uint256, uint256 anchor, bytes calldata header) external view returns (bytes32) {
        require(keccak256(header) == _hashOf(anchor), InvalidSeedProof(anchor));

        return BlockHeader.getPrevRandao(header);
    }
}
