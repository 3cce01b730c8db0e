// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {IStakePool} from "../../../contracts/interfaces/IStakePool.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";
import {HostileToken} from "./HostileToken.sol";
import {Reenterer} from "./Reenterer.sol";

/// @notice I18: the budget falls by rewards and sweeps, whoever calls what; rewards are paid once.
contract Budget is Field {
    uint256 private constant FUNDS = 100_003;
    address private constant NOBODY = address(0);

    /// @dev The budget is the zero address's account: whoever could act for it could spend it.
    function testFuzz_defended_nobodyActsForTheBudget(address caller, uint256 chance) external {
        vm.assume(caller != address(pool) && caller != NOBODY);
        _rewarding(8);
        _openAndDraw();
        for (uint256 i; i < 8; ++i) {
            vm.warp(vm.getBlockTimestamp() + p.proposeFor);
            bytes[] memory calls = _forNobody(chance);
            for (uint256 k; k < calls.length; ++k) {
                vm.prank(caller);
                (bool done,) = address(manager).call(calls[k]);
                vm.assertTrue(!done, "acted for nobody");
            }
            vm.assertEq(manager.budget(), FUNDS, "spent");
        }
        vm.expectRevert(abi.encodeWithSelector(IStakePool.InvalidClient.selector, NOBODY));
        pool.depositFor(NOBODY, 1);
    }

    /// @dev By hand, by the next seat, and by leaving: whichever comes first pays, the others nothing.
    function test_defended_aRewardIsPaidOnce() external {
        _rewarding(8);
        _playAll();
        vm.assertTrue(manager.record(1).rewarded, "a weak test");
        for (uint256 i; i < clients.length; ++i) {
            manager.settle(1, clients[i]);
            vm.expectRevert(abi.encodeWithSelector(IRoundManager.NothingToSettle.selector, 1, clients[i]));
            manager.settle(1, clients[i]);
        }
        uint256 paid = FUNDS - manager.budget();
        vm.assertEq(paid, 2 * p.proposerReward + 6 * p.voterReward, "not what was earned");
        _playAll();
        vm.assertEq(FUNDS - manager.budget(), 2 * paid, "paid again");
        vm.assertEq(_drain(), 0, "not everybody's");
    }

    /// @dev Whoever sweeps before the members of the last round are settled leaves them what they earned.
    function test_defended_aSweepTakesNoRewardThatIsOwed() external {
        _rewarding(8);
        _playAll();
        vm.warp(manager.head().drawnAt + p.interval + 365 days);
        uint256 swept = manager.rewardPool() + manager.budget();
        manager.sweep();
        manager.sweep(); // There is nothing left: nothing more is sent.
        vm.assertEq(token.balanceOf(p.treasury), swept, "another sum");
        vm.assertEq(_drain(), 0, "somebody was not paid");
    }

    /// @dev Members that are all of one mind have the budget at its own pace: a round's rewards in an interval.
    function test_cost_bounded_theBudgetLastsItsIntervals() external {
        _rewarding(8);
        uint256 start = vm.getBlockTimestamp();
        uint256 rounds;
        for (; manager.head().round < 6; ++rounds) {
            _playAll();
        }
        uint256 most = 2 * p.proposerReward + 6 * p.voterReward;
        vm.assertEq(FUNDS - manager.budget(), rounds * most, "more than a round pays");
        vm.assertLe((rounds - 1) * p.interval, vm.getBlockTimestamp() - start, "faster than its pace");
    }

    /// @dev A treasury that is told of tokens while it is paid, and sweeps, funds or withdraws again then.
    function test_defended_aTreasuryThatCallsBackGetsNothingTwice() external {
        HostileToken hostile = new HostileToken(1e24);
        Reenterer treasury = new Reenterer();
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.treasury = address(treasury);
        bytes memory salt = abi.encode(bytes32("seed"));
        _deploy(parameters, address(hostile), vm.deployCode("SimulatedSeed.sol:SimulatedSeed", salt));
        _enlist(8);
        pool.fund(FUNDS);
        _playRound(7);
        vm.warp(manager.head().drawnAt + p.interval + 365 days);
        uint256 due = manager.rewardPool() + manager.budget();
        hostile.behave(HostileToken.Manner.Hooks);
        treasury.arm(address(manager), abi.encodeCall(manager.sweep, ()));
        manager.sweep();
        vm.assertTrue(treasury.tried() && !treasury.done(), "swept while it was paid");
        vm.assertEq(token.balanceOf(address(treasury)), due, "another sum");
        vm.assertEq(_drain(), 0, "taken from members");
    }

    /// @dev Tokens sent for one that leaves neither keep it nor hold it up.
    function test_defended_aDepositForALeaverDelaysNothing() external {
        _rewarding(8);
        address leaver = clients[0];
        vm.prank(leaver);
        manager.requestExit();
        uint256 releaseAt = manager.accountOf(leaver).releaseAt;
        vm.warp(releaseAt - 1);
        token.approve(address(pool), 1);
        pool.depositFor(leaver, 1);
        vm.assertEq(manager.accountOf(leaver).releaseAt, releaseAt, "held up");
        vm.warp(releaseAt);
        vm.prank(leaver);
        manager.withdraw(2 * uint256(p.bond) + 1);
        vm.assertEq(token.balanceOf(leaver), 2 * uint256(p.bond) + 1, "kept");
    }

    /* INTERNAL */

    /// @dev A deployment that pays, with `count` members and a budget.
    function _rewarding(uint256 count) private {
        _field(Presets.guarded(), count);
        token.approve(address(pool), FUNDS);
        pool.fund(FUNDS);
    }

    /// @dev A round in which everybody does everything and accepts all.
    function _playAll() private {
        _openAndDraw();
        (uint256 s, uint256 v) = _submitAll();
        for (uint256 j; j < v; ++j) {
            _commitBallot(_seatedAt(s + j), type(uint16).max);
        }
        for (uint256 j; j < v; ++j) {
            _reveal(_seatedAt(s + j), type(uint16).max);
        }
        manager.finalise();
    }

    function _forNobody(uint256 chance) private view returns (bytes[] memory calls) {
        bytes32 word = keccak256(abi.encode(chance));
        calls = new bytes[](8);
        calls[0] = abi.encodeCall(manager.settle, (chance % 3, NOBODY));
        calls[1] = abi.encodeCall(manager.markAbsent, (NOBODY));
        calls[2] = abi.encodeCall(manager.proposeBySig, (NOBODY, bytes24(word), word, word));
        calls[3] = abi.encodeCall(manager.commitBallotBySig, (NOBODY, bytes24(word), word, word));
        calls[4] = abi.encodeCall(manager.publishFor, (NOBODY, word, 1, word));
        calls[5] = abi.encodeCall(manager.revealBallotFor, (NOBODY, uint16(chance), word));
        calls[6] = abi.encodeCall(manager.bookDeposit, (NOBODY, chance));
        calls[7] = abi.encodeCall(manager.sweep, ());
    }
}
