// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";
import {HostileToken} from "./HostileToken.sol";

/// @notice What is in the pool when nobody can win it any more, and those who would have it.
contract Treasury is Field {
    /// @dev Found by the audit: with all rounds played the pool stayed in custody for ever.
    function test_defended_theLastSlashIsNotLockedForEver() external {
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.maxRounds = 1;
        _field(parameters, 8);
        _openAndDraw();
        _propose(_seatedAt(0)); // And never publishes.
        _finishRound();
        vm.assertEq(_drain(), 0, "somebody's");
        manager.sweep();
        vm.assertEq(token.balanceOf(p.treasury), p.proposerStake, "not all");
        vm.assertEq(token.balanceOf(address(pool)), 0, "locked for ever");
    }

    /// @dev While rounds can be played, the pool is the next proposers'.
    function test_defended_nobodySweepsWhatCanStillBeWon() external {
        _field(Presets.guarded(), 8);
        _playRound(3);
        uint256 year = manager.head().drawnAt + p.interval + 365 days;
        vm.warp(year - 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.TooEarly.selector, year - 1, year));
        manager.sweep();
        manager.openRound();
        vm.warp(year);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRoundManager.WrongPhase.selector, 2, IRoundManager.Phase.Draw, IRoundManager.Phase.Idle
            )
        );
        manager.sweep();
    }

    /// @dev A treasury that the token does not pay costs itself, and stops nobody.
    function test_defended_treasuryThatCannotBePaidStopsNobody() external {
        HostileToken hostile = new HostileToken(1e24);
        bytes memory salt = abi.encode(bytes32("seed"));
        _deploy(Presets.guarded(), address(hostile), vm.deployCode("SimulatedSeed.sol:SimulatedSeed", salt));
        _enlist(6);
        _playRound(4);
        hostile.ban(p.treasury);
        vm.warp(manager.head().drawnAt + p.interval + 365 days);
        uint256 before = manager.rewardPool();
        vm.expectRevert(bytes("banned"));
        manager.sweep();
        vm.assertEq(manager.rewardPool(), before, "taken and not sent");
        _playRound(5);
        vm.assertEq(_drain(), 0, "left behind");
    }

    /// @dev The last round's pot is nobody's: who owns the treasury and a majority of its committee has every honest stake.
    function test_known_gap_aCommitteeThatOwnsTheTreasuryHasTheLastRoundsSlashes() external {
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.maxRounds = 1;
        _field(parameters, 10);
        _openAndDraw();
        (uint256 s, uint256 v) = _submitAll();
        uint256 majority = v / 2 + 1;
        for (uint256 j; j < v; ++j) {
            _commitBallot(_seatedAt(s + j), j < majority ? 0 : type(uint16).max);
        }
        for (uint256 j; j < v; ++j) {
            _reveal(_seatedAt(s + j), j < majority ? 0 : type(uint16).max);
        }
        manager.finalise();
        manager.sweep();
        vm.assertLe(s * p.proposerStake, token.balanceOf(p.treasury), "not every proposer's stake");
    }

    /// @dev A treasury that is the pool itself, whose address can be told before it is there: what is swept is nobody's.
    function test_cost_bounded_treasuryThatIsThePoolKeepsWhatItGets() external {
        uint256 before = vm.snapshotState();
        _deploy(Presets.guarded());
        address itself = address(pool);
        vm.revertToState(before);
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.treasury = itself;
        _field(parameters, 6);
        vm.assertEq(address(pool), itself, "a weak test");
        _playRound(4);
        vm.warp(manager.head().drawnAt + p.interval + 365 days);
        uint256 swept = manager.rewardPool();
        vm.assertTrue(swept != 0, "a weak test");
        manager.sweep();
        _playRound(5);
        vm.assertEq(_drain(), swept, "not what was swept");
    }

    /// @dev A budget that waits for members longer than `unbonding` is the treasury's for whoever asks: fund when they are there.
    function test_cost_bounded_aBudgetThatWaitsForMembersIsTheTreasurys() external {
        _deploy(Presets.guarded());
        token.approve(address(pool), 1000);
        pool.fund(1000);
        uint256 sweepableAt = vm.getBlockTimestamp() + p.unbonding;
        vm.warp(sweepableAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.TooEarly.selector, sweepableAt - 1, sweepableAt));
        manager.sweep();
        vm.warp(sweepableAt);
        manager.sweep();
        vm.assertEq(token.balanceOf(p.treasury), 1000, "not the treasury's");

        _enlist(6); // With the first member there, a budget is safe from that for `interval` and a year.
        vm.expectRevert(
            abi.encodeWithSelector(
                IRoundManager.TooEarly.selector,
                sweepableAt,
                sweepableAt - p.unbonding + p.interval + 365 days
            )
        );
        manager.sweep();
    }
}
