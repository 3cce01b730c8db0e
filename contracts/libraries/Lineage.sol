// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lanes} from "./Lanes.sol";

/// @title Lineage
/// @notice How the id of a global model follows from the one before: from logs alone anybody computes it.
library Lineage {
    /// @notice The id of the model that a round's included updates make, or the id as it was where there are none.
    /// @dev A round's link has four words and an update's three: no chain of one can be read as a chain of the other.
    /// @param id Of the model before.
    /// @param round The round.
    /// @param included Bit `j` set for the update at position `j`.
    /// @param roots Merkle roots by seat position.
    /// @param samples Lanes of sample counts by seat position.
    function extended(
        bytes32 id,
        uint256 round,
        uint256 included,
        mapping(uint256 position => bytes32 root) storage roots,
        uint256 samples
    ) internal view returns (bytes32) {
        if (included == 0) return id;

        bytes32 list = 0;
        for (uint256 j; included >> j != 0; ++j) {
            if ((included >> j) & 1 == 1) {
                list = keccak256(abi.encode(list, roots[j], Lanes.get(samples, j)));
            }
        }
        return keccak256(abi.encode(id, round, included, list));
    }
}
