// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice I21: an id tells where rounds end.
contract Ids is Field {
    /// @dev Found by the audit: the average of A and B, and B after A, had one id.
    function test_twoHistoriesHaveTwoIds() external {
        _field(Presets.paper(), 5); // Two proposers: a round of both, whose model is their average.
        _includeAll();
        bytes32 average = manager.model();

        _field(Presets.paper(), 4); // One proposer: two rounds of one each, whose model is the second.
        _includeAll();
        _includeAll();
        vm.assertTrue(average != manager.model(), "I21: one id for two histories");
    }

    /// @dev Proposes the next roots of one list, wherever rounds end.
    function _includeAll() private {
        _openAndDraw();
        (uint256 proposers, uint256 voters) = manager.seats();
        uint256 first = proposers == 1 ? manager.head().round - 1 : 0;
        for (uint256 j; j < proposers; ++j) {
            _proposeRoot(_seatedAt(j), keccak256(abi.encode(first + j)));
        }
        for (uint256 j; j < proposers; ++j) {
            vm.prank(_seatedAt(j));
            manager.publish(keccak256(abi.encode(first + j)), 1, "salt");
        }
        for (uint256 j; j < voters; ++j) {
            _commitBallot(_seatedAt(proposers + j), 0xffff);
        }
        for (uint256 j; j < voters; ++j) {
            _reveal(_seatedAt(proposers + j), 0xffff);
        }
        manager.finalise();
    }

    function _proposeRoot(address a, bytes32 root) private {
        bytes24 commitment = manager.updateCommitment(a, root, 1, "salt");
        vm.prank(a);
        manager.propose(commitment);
    }
}
