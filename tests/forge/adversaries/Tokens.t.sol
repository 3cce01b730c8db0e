// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {IStakePool} from "../../../contracts/interfaces/IStakePool.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";
import {HostileToken} from "./HostileToken.sol";
import {Reenterer} from "./Reenterer.sol";

/// @notice Tokens that are not what they seem, and clients that call back while tokens move.
contract Tokens is Field {
    HostileToken internal hostile;
    Reenterer internal attacker;

    function setUp() external {
        hostile = new HostileToken(1e24);
        _deploy(
            Presets.guarded(),
            address(hostile),
            vm.deployCode("SimulatedSeed.sol:SimulatedSeed", abi.encode(bytes32("seed")))
        );
        _enlist(6);
        attacker = new Reenterer();
        _deposit(address(attacker), 3 * uint256(p.bond));
        hostile.transfer(address(attacker), 3 * uint256(p.bond));
    }

    /* TOKENS */

    function test_defended_tokenWithFeesIsNotBooked() external {
        hostile.behave(HostileToken.Manner.Fee);
        vm.expectRevert(abi.encodeWithSelector(IStakePool.UnexpectedTransfer.selector, 99, 100));
        vm.prank(address(attacker));
        pool.deposit(100);
        _checkSolvent();
    }

    function test_defended_falseIsAFailure() external {
        hostile.behave(HostileToken.Manner.ReturnsFalse);
        bytes memory failed = abi.encodeWithSignature("SafeERC20FailedOperation(address)", address(hostile));
        vm.expectRevert(failed);
        vm.prank(address(attacker));
        pool.deposit(100);

        uint256 free = manager.accountOf(clients[0]).free;
        vm.expectRevert(failed);
        vm.prank(clients[0]);
        manager.withdraw(1);
        vm.assertEq(manager.accountOf(clients[0]).free, free, "paid and not sent");
    }

    function test_defended_nothingReturnedIsSuccess() external {
        hostile.behave(HostileToken.Manner.ReturnsNothing);
        vm.prank(address(attacker));
        pool.deposit(100);
        vm.assertEq(_drain(), manager.accountOf(address(attacker)).free, "left behind");
    }

    /// @dev Rounds move no token: a paused one stops deposits and withdrawals, and nothing else, until it is no longer paused.
    function test_defended_pausedTokenStopsNoRound() external {
        hostile.behave(HostileToken.Manner.Paused);
        _playRound(1);
        hostile.behave(HostileToken.Manner.Plain);
        vm.assertEq(_drain(), manager.accountOf(address(attacker)).free, "left behind");
    }

    /// @dev Whom the token refuses to pay keeps its account and stops nobody else.
    function test_defended_bannedClientStopsNobodyElse() external {
        hostile.ban(address(attacker));
        _playRound(2);
        vm.assertEq(_drain(), manager.accountOf(address(attacker)).free, "left behind");
    }

    function test_defended_supplyBeyond96BitsIsRefused() external {
        HostileToken large = new HostileToken(uint256(type(uint96).max) + 1);
        address source = address(manager.SEED_SOURCE());
        vm.expectRevert(abi.encodeWithSelector(IStakePool.UnsupportedSupply.selector, 1 << 96));
        this.deployManager(address(large), source, p);
    }

    /// @dev A supply that outgrows 96 bits later: what would not fit is refused, into one's own account or another's, and
    /// no account wraps.
    function test_defended_supplyThatGrowsHarmsNobody() external {
        hostile.mint(address(attacker), 1 << 96);
        uint256 held = hostile.balanceOf(address(pool));
        uint256[2] memory amounts = [uint256(1) << 96, uint256(type(uint96).max) - held + 1];
        for (uint256 i; i < amounts.length; ++i) {
            bytes memory refusal =
                abi.encodeWithSelector(IStakePool.UnsupportedSupply.selector, held + amounts[i]);
            vm.expectRevert(refusal);
            attacker.act(address(pool), abi.encodeCall(IStakePool.deposit, (amounts[i])));
            vm.expectRevert(refusal);
            attacker.act(address(pool), abi.encodeCall(IStakePool.depositFor, (clients[0], amounts[i])));
        }
        uint256 free = manager.accountOf(address(attacker)).free;
        vm.assertEq(_drain(), free, "others lost something");
    }

    /// @dev A token that takes balances away leaves the last ones unpaid: do not deploy with one.
    function test_known_gap_tokenThatTakesBalancesAway() external {
        hostile.take(address(pool), 2 * uint256(p.bond));
        for (uint256 i; i < clients.length; ++i) {
            vm.prank(clients[i]);
            manager.requestExit();
        }
        vm.warp(vm.getBlockTimestamp() + p.unbonding);
        uint256 paid;
        for (uint256 i; i < clients.length; ++i) {
            uint256 amount = manager.accountOf(clients[i]).free;
            vm.prank(clients[i]);
            try manager.withdraw(amount) {
                ++paid;
            } catch {}
        }
        vm.assertEq(paid, clients.length, "the attacker's three bonds cover two that went");
        uint256 rest = manager.accountOf(address(attacker)).free;
        vm.assertTrue(hostile.balanceOf(address(pool)) < rest, "somebody goes without");
    }

    /* REENTRANCY */

    /// @dev Every call that a client can make, while its withdrawal is paid: none takes more than was its own.
    function test_defended_reentrancyFromWithdraw() external {
        hostile.behave(HostileToken.Manner.Hooks);
        bytes[] memory calls = _calls();
        for (uint256 i; i < calls.length; ++i) {
            uint256 state = vm.snapshotState();
            attacker.arm(_targetOf(i), calls[i]);
            uint256 before = hostile.balanceOf(address(attacker));
            attacker.act(address(manager), abi.encodeCall(IRoundManager.withdraw, (p.bond)));
            vm.assertTrue(attacker.tried(), "no hook");
            bool mayPass = _isHarmless(calls[i]);
            vm.assertTrue(mayPass || !attacker.done(), "went through");
            vm.assertEq(hostile.balanceOf(address(attacker)) - before, p.bond, "paid another amount");
            _checkSolvent();
            vm.revertToState(state);
        }
    }

    /// @dev The same while its deposit arrives.
    function test_defended_reentrancyFromDeposit() external {
        hostile.behave(HostileToken.Manner.Hooks);
        bytes[] memory calls = _calls();
        for (uint256 i; i < calls.length; ++i) {
            uint256 state = vm.snapshotState();
            attacker.arm(_targetOf(i), calls[i]);
            attacker.act(address(pool), abi.encodeCall(IStakePool.deposit, (7)));
            vm.assertTrue(attacker.tried(), "no hook");
            vm.assertTrue(_isHarmless(calls[i]) || !attacker.done(), "went through");
            vm.assertEq(
                manager.accountOf(address(attacker)).free, 3 * uint256(p.bond) + 7, "booked otherwise"
            );
            _checkSolvent();
            vm.revertToState(state);
        }
    }

    /// @dev A gift in the middle of a deposit is not taken for the deposit.
    function test_defended_giftInADepositIsNoDeposit() external {
        hostile.behave(HostileToken.Manner.Hooks);
        attacker.arm(address(hostile), abi.encodeCall(HostileToken.transfer, (address(pool), 5)));
        vm.expectRevert(abi.encodeWithSelector(IStakePool.UnexpectedTransfer.selector, 12, 7));
        attacker.act(address(pool), abi.encodeCall(IStakePool.deposit, (7)));
    }

    /* INTERNAL */

    function _calls() private view returns (bytes[] memory calls) {
        calls = new bytes[](9);
        calls[0] = abi.encodeCall(IStakePool.deposit, (1));
        calls[1] = abi.encodeCall(IStakePool.depositWithPermit, (1, 0, 0, 0, 0));
        calls[2] = abi.encodeCall(IStakePool.pay, (address(attacker), 1));
        calls[3] = abi.encodeCall(IStakePool.depositFor, (clients[0], 1));
        calls[4] = abi.encodeCall(IRoundManager.withdraw, (1));
        calls[5] = abi.encodeCall(IRoundManager.bookDeposit, (address(attacker), 1));
        calls[6] = abi.encodeCall(IRoundManager.join, (""));
        calls[7] = abi.encodeCall(IRoundManager.openRound, ());
        calls[8] = abi.encodeCall(IRoundManager.settle, (1, address(attacker)));
    }

    function _targetOf(uint256 i) private view returns (address) {
        return i < 4 ? address(pool) : address(manager);
    }

    /// @dev Joining and opening rounds are anyone's, at any time: all they touch was written before the token was called.
    function _isHarmless(bytes memory call_) private pure returns (bool) {
        bytes4 selector = bytes4(call_);
        return selector == IRoundManager.join.selector || selector == IRoundManager.openRound.selector;
    }

    function _checkSolvent() private view {
        uint256 owed = manager.rewardPool() + manager.accountOf(address(attacker)).free;
        for (uint256 i; i < clients.length; ++i) {
            owed += manager.accountOf(clients[i]).free + manager.escrowOf(clients[i]);
        }
        vm.assertLe(owed, hostile.balanceOf(address(pool)), "more owed than held");
    }
}
