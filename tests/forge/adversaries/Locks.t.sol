// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice The hunt for tokens that nobody can get out; campaigns do the same at the end of every sequence.
contract Locks is Field {
    /// @dev A round stopped after any of its steps, any of its clients silent before: everyone gets out.
    function testFuzz_defended_everyoneLeavesFromEveryPhase(uint8 stop, uint256 silent, uint8 preset)
        external
    {
        IRoundManager.Parameters memory parameters =
            preset % 3 == 0 ? Presets.guarded() : preset % 3 == 1 ? Presets.paper() : Presets.tiny();
        _field(parameters, 7);
        _playUntil(stop % 7, silent);
        vm.assertEq(_drain(), 0, "left behind");
    }

    /// @dev Who leaves between opening and draw keeps the seat, and its tokens stay until the seat was marked.
    function test_defended_seatKeptFromBeforeTheDrawHoldsTokens() external {
        _field(Presets.guarded(), 8);
        manager.openRound();
        for (uint256 i; i < 4; ++i) {
            vm.prank(clients[i]);
            manager.requestExit();
        }
        _draw();
        vm.warp(vm.getBlockTimestamp() + p.unbonding);
        uint256 held;
        for (uint256 i; i < 4; ++i) {
            address a = clients[i];
            if (manager.positionOf(a) >= 2) continue;
            ++held;
            vm.expectRevert(abi.encodeWithSelector(IRoundManager.SeatUnsettled.selector, 1, a));
            vm.prank(a);
            manager.withdraw(1);
            manager.markAbsent(a);
            vm.assertEq(
                manager.accountOf(a).free, 2 * uint256(p.bond) - p.absencePenalty, "left without the penalty"
            );
        }
        vm.assertTrue(held != 0, "none of them proposes: choose another seed");
        vm.assertEq(_drain(), 0, "left behind");
    }

    /// @dev Who locked a stake and left takes nothing out before the round is decided, however long it stands.
    function test_defended_lockedSeatHoldsTheRest() external {
        _field(Presets.guarded(), 8);
        _openAndDraw();
        address a = _seatedAt(0);
        _propose(a);
        vm.prank(a);
        manager.requestExit();
        vm.warp(vm.getBlockTimestamp() + p.unbonding);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.SeatUnsettled.selector, 1, a));
        vm.prank(a);
        manager.withdraw(1);
        vm.assertEq(_drain(), 0, "left behind");
    }

    /// @dev After the last round nobody waits, not even who left while it was played.
    function test_defended_afterTheLastRoundNobodyWaits() external {
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.maxRounds = 1;
        _field(parameters, 8);
        _openAndDraw();
        address a = _seatedAt(0);
        vm.warp(vm.getBlockTimestamp() + _schedule() + p.markFor);
        vm.prank(a);
        manager.requestExit();
        manager.finalise();
        uint256 free = manager.accountOf(a).free;
        vm.assertTrue(vm.getBlockTimestamp() < manager.accountOf(a).releaseAt, "nothing to wait for");
        vm.prank(a);
        manager.withdraw(free);
        vm.assertEq(token.balanceOf(a), free, "not paid");
    }

    /// @dev Leaving and joining again is no way out of the strikes.
    function test_defended_joiningAgainKeepsStrikes() external {
        _field(Presets.guarded(), 8);
        _openAndDraw();
        address a = _seatedAt(0);
        vm.warp(vm.getBlockTimestamp() + p.proposeFor);
        manager.markAbsent(a);
        vm.prank(a);
        manager.requestExit();
        _join(a);
        vm.assertEq(manager.clientOf(a).strikes, 1, "washed clean");
    }

    /// @dev With too few members no round opens, and they get out all the same.
    function test_defended_tooFewToPlayStillLeave() external {
        _field(Presets.guarded(), 3);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.TooFewMembers.selector, 3, p.minMembers));
        manager.openRound();
        vm.assertEq(_drain(), 0, "left behind");
    }

    /// @dev Everyone leaves in the middle of a round: it is finalised all the same, by a stranger.
    function test_defended_roundWithoutMembersEnds() external {
        _field(Presets.guarded(), 6);
        _openAndDraw();
        _propose(_seatedAt(0));
        vm.assertEq(_drain(), 0, "left behind");
        vm.assertEq(manager.memberCount(), 0, "members");
        vm.assertTrue(manager.head().finalised, "still open");
    }

    function _playUntil(uint256 stop, uint256 silent) private {
        if (stop == 0) return;
        manager.openRound();
        if (stop == 1) return;
        _draw();
        (uint256 s, uint256 v) = manager.seats();
        if (stop == 2) return;
        _each(0, s, silent, IRoundManager.Phase.Propose);
        if (stop == 3) return;
        _each(0, s, silent >> 8, IRoundManager.Phase.Publish);
        if (stop == 4) return;
        _each(s, s + v, silent >> 16, IRoundManager.Phase.Vote);
        if (stop == 5) return;
        _each(s, s + v, silent >> 24, IRoundManager.Phase.Reveal);
    }

    /// @dev Those who may and are not silent act; then the phase runs out.
    function _each(uint256 from, uint256 to, uint256 silent, IRoundManager.Phase phase) private {
        for (uint256 i = from; i < to; ++i) {
            if ((silent >> i) & 1 == 1 || manager.phase() != phase) continue;
            address a = _seatedAt(i);
            bytes24 content = manager.clientOf(a).content;
            if (phase == IRoundManager.Phase.Propose) _propose(a);
            else if (phase == IRoundManager.Phase.Publish && content != 0) _publish(a);
            else if (phase == IRoundManager.Phase.Vote) _commitBallot(a, uint16(i));
            else if (phase == IRoundManager.Phase.Reveal && content != 0) _reveal(a, uint16(i));
        }
        if (manager.phase() != phase) return;
        uint256 time = manager.head().drawnAt + p.proposeFor;
        if (phase >= IRoundManager.Phase.Publish) time += p.publishFor;
        if (phase >= IRoundManager.Phase.Vote) time += p.voteFor;
        if (phase >= IRoundManager.Phase.Reveal) time += p.revealFor;
        vm.warp(time);
    }
}
