// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Deployment} from "./Deployment.sol";
import {vm} from "./Vm.sol";

/// @title Field
/// @notice A deployment with members, and rounds to play with them.
abstract contract Field is Deployment {
    uint256 internal constant FIRST_KEY = 0xf1e1d;

    address[] internal clients;

    /// @dev `count` members with twice the bond.
    function _field(IRoundManager.Parameters memory parameters, uint256 count) internal {
        _deploy(parameters);
        _enlist(count);
    }

    function _enlist(uint256 count) internal {
        delete clients;
        for (uint256 i; i < count; ++i) {
            address a = vm.addr(FIRST_KEY + i);
            clients.push(a);
            _deposit(a, 2 * uint256(p.bond));
            _join(a);
        }
    }

    function _openAndDraw() internal {
        uint256 opensAt = manager.head().drawnAt + p.interval;
        if (vm.getBlockTimestamp() < opensAt) vm.warp(opensAt);
        manager.openRound();
        _draw();
    }

    function _seatedAt(uint256 position) internal view returns (address) {
        for (uint256 i; i < clients.length; ++i) {
            if (manager.positionOf(clients[i]) == position) return clients[i];
        }
        revert("nobody sits there");
    }

    /// @dev A whole round; each ballot is 16 bits of chance, and one voter in five stays silent.
    function _playRound(uint256 seed) internal {
        _openAndDraw();
        (uint256 proposers, uint256 voters) = _submitAll();
        for (uint256 j; j < voters; ++j) {
            _commitBallot(_seatedAt(proposers + j), _ballot(seed, j));
        }
        for (uint256 j; j < voters; ++j) {
            if (_ballot(~seed, j) % 5 != 0) _reveal(_seatedAt(proposers + j), _ballot(seed, j));
        }
        vm.warp(vm.getBlockTimestamp() + _schedule() + p.markFor);
        manager.finalise();
    }

    /// @dev Every seated proposer's update, committed and published; returns how many seats there are of either kind.
    function _submitAll() internal returns (uint256 proposers, uint256 voters) {
        (proposers, voters) = manager.seats();
        for (uint256 j; j < proposers; ++j) {
            _propose(_seatedAt(j));
        }
        for (uint256 j; j < proposers; ++j) {
            _publish(_seatedAt(j));
        }
    }

    function _propose(address a) internal {
        bytes24 commitment = manager.updateCommitment(a, keccak256(abi.encode(a)), 1, "salt");
        vm.prank(a);
        manager.propose(commitment);
    }

    function _publish(address a) internal {
        vm.prank(a);
        manager.publish(keccak256(abi.encode(a)), 1, "salt");
    }

    function _commitBallot(address a, uint16 ballot) internal {
        bytes24 commitment = manager.ballotCommitment(a, ballot, "salt");
        vm.prank(a);
        manager.commitBallot(commitment);
    }

    function _reveal(address a, uint16 ballot) internal {
        vm.prank(a);
        manager.revealBallot(ballot, "salt");
    }

    /// @dev Everyone leaves and takes everything; returns what custody holds then beyond the reward pool.
    function _drain() internal returns (uint256 left) {
        for (uint256 i; i < clients.length; ++i) {
            if (!manager.clientOf(clients[i]).isMember) continue;
            vm.prank(clients[i]);
            manager.requestExit();
        }
        _finishRound();
        vm.warp(vm.getBlockTimestamp() + p.unbonding);
        for (uint256 i; i < clients.length; ++i) {
            uint256 amount = manager.accountOf(clients[i]).free + manager.escrowOf(clients[i]);
            vm.prank(clients[i]);
            manager.withdraw(amount);
        }
        return token.balanceOf(address(pool)) - manager.rewardPool() - manager.budget();
    }

    function _ballot(uint256 seed, uint256 j) private pure returns (uint16) {
        return uint16(uint256(keccak256(abi.encode(seed, j))));
    }
}
