// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice Who comes first, and who is quickest to open, does not play the members' game for them.
contract Pace is Field {
    address private constant STRANGER = address(0xbad);

    /// @dev Fifty are expected. Without `minMembers` four colluders put a root of nothing into the lineage before.
    function test_defended_firstFourAreNoElectorate() external {
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.minMembers = 25;
        _field(parameters, 4);
        bytes32 genesis = manager.model();
        _expectTooFew(4);
        _enlistMore(4, 24);
        _expectTooFew(24);
        _enlistMore(24, 25);
        manager.openRound();
        vm.assertEq(manager.model(), genesis, "something came before");
        vm.assertEq(manager.head().members, 25, "members");
    }

    /// @dev A stranger opens in the second of an outcome, and members must play or be marked: not within the interval.
    function test_defended_strangerDoesNotSetThePace() external {
        _field(Presets.guarded(), 8);
        uint256 start = vm.getBlockTimestamp();
        for (uint256 k; k < 3; ++k) {
            if (k != 0) _expectTooEarly();
            _openAndDraw();
            vm.warp(vm.getBlockTimestamp() + _schedule() + p.markFor);
            manager.finalise();
        }
        vm.assertLe(start + 2 * p.interval, vm.getBlockTimestamp(), "three draws in less than two intervals");
    }

    function _expectTooFew(uint256 members) private {
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.TooFewMembers.selector, members, p.minMembers));
        manager.openRound();
    }

    function _expectTooEarly() private {
        uint256 opensAt = manager.head().drawnAt + p.interval;
        vm.warp(opensAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.TooEarly.selector, opensAt - 1, opensAt));
        vm.prank(STRANGER);
        manager.openRound();
    }

    function _enlistMore(uint256 first, uint256 end) private {
        for (uint256 i = first; i < end; ++i) {
            address a = vm.addr(FIRST_KEY + i);
            clients.push(a);
            _deposit(a, p.bond);
            _join(a);
        }
    }
}
