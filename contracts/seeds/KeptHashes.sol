// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ISeedSource} from "../interfaces/ISeedSource.sol";

/// @title KeptHashes
/// @dev Hashes of past blocks: of the last 8,191 where the chain keeps them (EIP-2935), which on Ethereum is a day; else of
/// the last 256, which the EVM knows.
abstract contract KeptHashes is ISeedSource {
    uint16 private constant KEPT = 8191;
    uint16 private constant KNOWN = 256;

    /// @inheritdoc ISeedSource
    uint16 public immutable WINDOW;

    /// @dev Compares the last block's hash, for a chain may number blocks otherwise there (Arbitrum).
    constructor() {
        uint256 last = Math.saturatingSub(block.number, 1);
        (, bytes memory kept) = Blockhash.HISTORY_STORAGE_ADDRESS.staticcall(abi.encode(last));
        // slither-disable-next-line incorrect-equality: of hashes.
        bool serves = kept.length == 32 && blockhash(last) != 0 && bytes32(kept) == blockhash(last);
        WINDOW = serves ? KEPT : KNOWN;
    }

    /// @dev The hash of a block at most {WINDOW} old.
    function _hashOf(uint256 anchor) internal view returns (bytes32 hash) {
        hash = WINDOW == KEPT ? Blockhash.blockHash(anchor) : blockhash(anchor);
        require(hash != 0, InvalidSeedProof(anchor));
    }
}
