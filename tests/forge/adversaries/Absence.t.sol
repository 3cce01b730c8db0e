// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice Whoever does not use its seat is marked for it, whatever it does in the meantime.
contract Absence is Field {
    /// @dev The absent voter is the first to finalise, in the second in which the schedule ends.
    function test_defended_absentDoNotEscapeByFinalising() external {
        _field(Presets.guarded(), 10);
        address lazy = _playWithoutLastVoter();
        uint256 ends = manager.head().drawnAt + _schedule() + p.markFor;
        vm.warp(ends - 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.SeatsOpen.selector, uint256(1), 0, 0, 1, ends));
        vm.prank(lazy);
        manager.finalise();
        manager.markAbsent(lazy);
        manager.finalise();
        vm.assertEq(manager.clientOf(lazy).strikes, 1, "no strike");
        vm.assertEq(manager.accountOf(lazy).free, 2 * uint256(p.bond) - p.absencePenalty, "nothing paid");
    }

    /// @dev With nobody to mark it the round ends all the same.
    function test_defended_markingHoldsNoRoundForLong() external {
        _field(Presets.guarded(), 10);
        _playWithoutLastVoter();
        vm.warp(manager.head().drawnAt + _schedule() + p.markFor);
        manager.finalise();
        vm.assertTrue(manager.head().finalised, "still open");
    }

    /// @dev An update that is not published is nothing to mark: the schedule's end is enough.
    function test_defended_unpublishedUpdatesDoNotWaitForMarks() external {
        _field(Presets.guarded(), 10);
        _openAndDraw();
        (uint256 s,) = manager.seats();
        for (uint256 j; j < s; ++j) {
            _propose(_seatedAt(j));
        }
        vm.warp(manager.head().drawnAt + _schedule());
        manager.finalise();
        vm.assertTrue(manager.head().finalised, "still open");
    }

    /// @dev Out of tokens and seated: leaving before the mark, topping up and joining again is no way back.
    function test_defended_insolventMemberLeavesForGood() external {
        _deploy(Presets.paper());
        for (uint256 i; i < 5; ++i) {
            address a = vm.addr(FIRST_KEY + i);
            clients.push(a);
            _deposit(a, p.bond);
            _join(a);
        }
        _openAndDraw();
        address broke = _seatedAt(0);
        _propose(broke);
        _finishRound();
        for (uint256 k; k < 60; ++k) {
            _openAndDraw();
            (uint256 s,) = manager.seats();
            if (manager.positionOf(broke) < s) break;
            _finishRound();
        }
        vm.prank(broke);
        manager.requestExit();
        _deposit(broke, p.bond);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.RemovedForGood.selector, broke));
        vm.prank(broke);
        manager.join("");
    }

    /// @dev Leaving each seat in time and joining again ends as missing each does.
    function test_defended_leavingInTimeCountsAsAStrike() external {
        _field(Presets.guarded(), 10);
        address lazy = clients[3];
        _deposit(lazy, 20_000);
        uint256 missed;
        for (uint256 k; k < 25 && missed < p.maxStrikes; ++k) {
            _openAndDraw();
            (uint256 s,) = manager.seats();
            if (manager.positionOf(lazy) < s) {
                vm.prank(lazy);
                manager.requestExit();
                if (++missed < p.maxStrikes) _join(lazy);
            }
            _finishRound();
        }
        vm.assertEq(missed, p.maxStrikes, "too few");
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.RemovedForGood.selector, lazy));
        vm.prank(lazy);
        manager.join("");
    }

    function _playWithoutLastVoter() private returns (address lazy) {
        _openAndDraw();
        (uint256 s, uint256 v) = _submitAll();
        for (uint256 j; j < v - 1; ++j) {
            _commitBallot(_seatedAt(s + j), 1);
        }
        lazy = _seatedAt(s + v - 1);
        vm.warp(manager.head().drawnAt + p.proposeFor + p.publishFor + p.voteFor);
        for (uint256 j; j < v - 1; ++j) {
            _reveal(_seatedAt(s + j), 1);
        }
    }
}
