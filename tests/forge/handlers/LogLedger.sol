// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {IStakePool} from "../../../contracts/interfaces/IStakePool.sol";
import {Tally} from "../../../contracts/libraries/Tallies.sol";
import {Vm, vm} from "../support/Vm.sol";

/// @title LogLedger
/// @notice Rebuilds every balance from the logs and the parameters alone (I11), and sees that no seat is settled
/// twice (I2).
contract LogLedger {
    IRoundManager private immutable _MANAGER;
    uint256 private immutable _PROPOSER_STAKE;
    uint256 private immutable _VOTER_STAKE;

    mapping(address client => uint256) private _freeOf;
    mapping(uint256 round => mapping(address client => uint256)) public lockOf;
    uint256 public rewardPool;
    uint256 public budget;
    uint256 public escrow;

    constructor(IRoundManager manager) {
        _MANAGER = manager;
        IRoundManager.Parameters memory p = manager.parameters();
        (_PROPOSER_STAKE, _VOTER_STAKE) = (p.proposerStake, p.voterStake);
    }

    /// @notice Free tokens of each client.
    function freeOf(address[] calldata clients) external view returns (uint256[] memory free) {
        free = new uint256[](clients.length);
        for (uint256 i; i < clients.length; ++i) {
            free[i] = _freeOf[clients[i]];
        }
    }

    /// @notice Reads what was logged since the last call.
    function read(Vm.Log[] calldata logs) external {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == address(_MANAGER)) _readRound(logs[i]);
            if (logs[i].emitter == address(_MANAGER.POOL())) _readCustody(logs[i]);
        }
    }

    function _readCustody(Vm.Log calldata log) private {
        address client = address(uint160(uint256(log.topics[1]))); // Or who funded.
        uint256 amount = abi.decode(log.data, (uint256));
        if (log.topics[0] == IStakePool.Deposited.selector) _freeOf[client] += amount;
        if (log.topics[0] == IStakePool.Withdrawn.selector) _freeOf[client] -= amount;
        if (log.topics[0] == IStakePool.Funded.selector) budget += amount;
    }

    function _readRound(Vm.Log calldata log) private {
        bytes32 kind = log.topics[0];
        if (kind == IRoundManager.UpdateCommitted.selector) _lock(log, _PROPOSER_STAKE);
        if (kind == IRoundManager.BallotCommitted.selector) _lock(log, _VOTER_STAKE);
        if (kind == IRoundManager.Settled.selector) _settle(log);
        if (kind == IRoundManager.MarkedAbsent.selector) _penalise(log.topics[2], log.data);
        if (kind == IRoundManager.Swept.selector) {
            vm.assertEq(abi.decode(log.data, (uint256)), rewardPool + budget, "I11: another sum was swept");
            _freeOf[address(uint160(uint256(log.topics[1])))] += rewardPool + budget; // Withdrawn follows.
            (rewardPool, budget) = (0, 0);
        }
        if (kind == IRoundManager.RoundFinalised.selector) {
            (,, uint256 slashed, uint256 awarded, uint256 rewarded,) =
                abi.decode(log.data, (Tally, uint256, uint256, uint256, uint256, bytes32));
            rewardPool = rewardPool + slashed - awarded;
            budget -= rewarded;
            escrow = escrow + awarded + rewarded - slashed;
        }
    }

    function _lock(Vm.Log calldata log, uint256 stake) private {
        (uint256 round, address client) = _who(log);
        vm.assertEq(lockOf[round][client], 0, "I2: locked twice in one round");
        lockOf[round][client] = stake;
        _freeOf[client] -= stake;
        escrow += stake;
    }

    function _settle(Vm.Log calldata log) private {
        (uint256 round, address client) = _who(log);
        vm.assertTrue(lockOf[round][client] != 0, "I2: settled twice, or nothing locked");
        lockOf[round][client] = 0;
        uint256 payout = abi.decode(log.data, (uint256));
        _freeOf[client] += payout;
        escrow -= payout;
    }

    function _penalise(bytes32 client, bytes calldata data) private {
        uint256 paid = abi.decode(data, (uint256));
        _freeOf[address(uint160(uint256(client)))] -= paid;
        rewardPool += paid;
    }

    function _who(Vm.Log calldata log) private pure returns (uint256 round, address client) {
        return (uint256(log.topics[1]), address(uint160(uint256(log.topics[2]))));
    }
}
