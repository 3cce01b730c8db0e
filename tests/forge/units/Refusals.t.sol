// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Roster} from "../../../contracts/libraries/Roster.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice Refusals that no campaign reaches: at deployment, at the end of all rounds, where numbers end.
contract Refusals is Field {
    using Roster for Roster.State;

    uint256 private constant FINALISED = 1 << 94;

    Roster.State private _roster;

    function test_parametersBeyondTheirBounds() external {
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.proposerStake = 0;
        _expectInvalid("proposerStake", 0, 1, parameters);
        parameters = Presets.guarded();
        parameters.quorumBps = 5001;
        _expectInvalid("quorumBps", 5001, 5000, parameters);
    }

    function test_onlyTheAdmittedJoin() external {
        address admitted = vm.addr(1);
        IRoundManager.Parameters memory parameters = Presets.paper();
        bytes32 root = keccak256(bytes.concat(keccak256(abi.encode(admitted))));
        admission = vm.deployCode("MerkleAdmission.sol:MerkleAdmission", abi.encode(root));
        _deploy(parameters);
        _deposit(admitted, p.bond);
        _join(admitted);
        vm.assertEq(manager.memberCount(), 1, "not admitted");

        address other = vm.addr(2);
        _deposit(other, p.bond);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.NotAdmitted.selector, other));
        _join(other);
    }

    function test_noRoundAfterTheLast() external {
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.maxRounds = 1;
        _field(parameters, 6);
        _playRound(3);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.RoundsExhausted.selector, 1));
        manager.openRound();
        vm.prank(clients[0]);
        manager.requestExit();
        vm.assertEq(manager.accountOf(clients[0]).releaseAt, vm.getBlockTimestamp(), "waits for nothing");
        vm.assertEq(_drain(), 0, "left behind");
    }

    /// @dev Sixteen million rounds later: the number is put where the contract keeps it.
    function test_noRoundBeyond24Bits() external {
        _field(Presets.paper(), 4);
        uint256 genesis = FINALISED | vm.getBlockTimestamp();
        uint256 slot;
        while (uint256(vm.load(address(manager), bytes32(slot))) != genesis) ++slot;
        vm.store(address(manager), bytes32(slot), bytes32(genesis | (uint256(type(uint24).max) << 32)));
        vm.assertEq(manager.head().round, type(uint24).max, "another slot");
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.RoundsExhausted.selector, type(uint24).max));
        manager.openRound();
    }

    function test_fullRosterTakesNobody() external {
        _roster.count = type(uint24).max - 2;
        vm.assertEq(this.add(vm.addr(1)), type(uint24).max - 1, "the last place");
        vm.expectRevert(abi.encodeWithSelector(Roster.RosterFull.selector, type(uint24).max - 1));
        this.add(vm.addr(2));
    }

    function add(address client) external returns (uint256) {
        return _roster.add(client);
    }

    function _expectInvalid(
        string memory name,
        uint256 actual,
        uint256 bound,
        IRoundManager.Parameters memory parameters
    ) private {
        address token_ = _token();
        address source = vm.deployCode("SimulatedSeed.sol:SimulatedSeed", abi.encode(bytes32("seed")));
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.InvalidParameter.selector, name, actual, bound));
        this.deployManager(token_, source, parameters);
    }
}
