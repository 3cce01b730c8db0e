// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice Who comes for what others left: a stranger while nobody is there, a newcomer while the pot is rich.
contract Visitors is Field {
    uint16 private constant ALL = 0xffff;
    address private constant STRANGER = address(0xbad);

    /// @dev Members sleep; a stranger opens, draws, marks and finalises for as long as it can. Without `interval` it burns a
    /// deployment's rounds within hours.
    function test_cost_bounded_strangerBurnsRoundsWhileNobodyIsThere() external {
        _field(Presets.guarded(), 8);
        uint256 start = vm.getBlockTimestamp();
        uint256 held = token.balanceOf(address(pool));
        vm.startPrank(STRANGER);
        while (manager.memberCount() >= p.minMembers) {
            vm.warp(vm.getBlockTimestamp() + 1);
            try manager.openRound() {
                _burn();
            } catch {}
        }
        vm.stopPrank();
        uint256 rounds = manager.head().round;
        vm.assertLe(start + (rounds - 1) * p.interval, vm.getBlockTimestamp(), "faster than the pace");
        vm.assertLe(rounds + 1, p.maxRounds, "no round is left");
        vm.assertEq(token.balanceOf(address(pool)), held, "a token left");
        vm.assertEq(token.balanceOf(STRANGER), 0, "the stranger gains");
        _assertLostByStrikesAlone();
    }

    /// @dev Its tokens wait in the pool without a duty until rounds were slashed. Its share is that of anybody who is included,
    /// its bond is held for `unbonding`, and who may join at all is for the admission to say.
    function test_cost_bounded_joiningForARichPot() external {
        _field(Presets.guarded(), 8);
        for (uint256 k; k < 3; ++k) {
            _openAndDraw();
            _propose(_seatedAt(0)); // Never published: slashed.
            _finishRound();
        }
        address newcomer = address(0x51);
        _deposit(newcomer, 2 * uint256(p.bond));
        _join(newcomer);
        clients.push(newcomer);
        (uint256 pot, uint256 proposers) = _playAgreed();
        vm.assertLe(3 * uint256(p.proposerStake), pot, "no rich pot");
        bool proposed = manager.positionOf(newcomer) < proposers;
        uint256 most = proposed ? p.proposerStake + pot / proposers : p.voterStake;
        vm.assertEq(manager.escrowOf(newcomer), most, "more than a member's share");
        for (uint256 j; j < proposers; ++j) {
            vm.assertEq(
                manager.escrowOf(_seatedAt(j)), p.proposerStake + pot / proposers, "another's share is less"
            );
        }
        _assertBondIsHeld(newcomer);
    }

    /// @dev Draws and ends the open round, marking every seat.
    function _burn() private {
        _draw();
        vm.warp(vm.getBlockTimestamp() + p.proposeFor);
        (uint256 proposers,) = manager.seats();
        for (uint256 j; j < proposers; ++j) {
            manager.markAbsent(_seatedAt(j));
        }
        manager.finalise();
    }

    /// @dev Whoever lost anything lost a penalty for each of at most `maxStrikes` strikes beyond which it is out.
    function _assertLostByStrikesAlone() private view {
        for (uint256 i; i < clients.length; ++i) {
            uint256 lost = 2 * uint256(p.bond) - manager.accountOf(clients[i]).free;
            vm.assertLe(lost, (p.maxStrikes + 1) * uint256(p.absencePenalty), "more than its penalties");
        }
    }

    /// @dev A round in which every update is published and every ballot accepts all of them.
    function _playAgreed() private returns (uint256 pot, uint256 proposers) {
        _openAndDraw();
        pot = manager.record(manager.head().round).pot;
        uint256 voters;
        (proposers, voters) = _submitAll();
        for (uint256 j; j < voters; ++j) {
            _commitBallot(_seatedAt(proposers + j), ALL);
        }
        for (uint256 j; j < voters; ++j) {
            _reveal(_seatedAt(proposers + j), ALL);
        }
        vm.warp(manager.head().drawnAt + _schedule() + p.markFor);
        manager.finalise();
    }

    function _assertBondIsHeld(address leaver) private {
        vm.startPrank(leaver);
        manager.requestExit();
        uint256 amount = manager.accountOf(leaver).free;
        uint256 release = vm.getBlockTimestamp() + p.unbonding;
        vm.warp(release - 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.TooEarly.selector, release - 1, release));
        manager.withdraw(amount);
        vm.warp(release);
        manager.withdraw(amount);
        vm.stopPrank();
    }
}
