// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

interface IRegistry {
    function isListed(address client) external view returns (bool);
    function list(address[] calldata clients) external;
    function unlist(address[] calldata clients) external;
}

/// @notice I20: who says who may join has no say over members, and what it costs and answers is bounded.
contract Admitting is Field {
    uint256 private constant HOSTILE_KINDS = 8; // Of HostileAdmission.
    uint256 private constant MOST_GAS = 600_000; // Of a refused joining: 200,000 to ask, and what the answer comes to.

    /// @dev The owner takes everyone off the list: they play, leave and take everything, and only then are strangers.
    function test_defended_ownerTakesMembersOffTheList() external {
        IRegistry registry = _registry();
        _field(Presets.guarded(), 6);
        registry.unlist(clients);
        for (uint256 i; i < clients.length; ++i) {
            vm.assertTrue(!registry.isListed(clients[i]), "a weak test");
        }

        _playRound(3);
        vm.assertEq(manager.head().finalised ? manager.memberCount() : 0, 6, "lost a member");
        vm.assertEq(_drain(), 0, "left behind");

        address first = clients[0];
        _deposit(first, p.bond);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.NotAdmitted.selector, first));
        _join(first);
    }

    function test_defended_strangerListsItself() external {
        IRegistry registry = _registry();
        address[] memory stranger = new address[](1);
        stranger[0] = vm.addr(7);
        bytes memory refusal =
            abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger[0]);
        vm.prank(stranger[0]);
        vm.expectRevert(refusal);
        registry.list(stranger);
        registry.list(stranger);
        registry.list(stranger);
        vm.assertTrue(registry.isListed(stranger[0]), "not listed");
        vm.prank(stranger[0]);
        vm.expectRevert(refusal);
        registry.unlist(stranger);
        registry.unlist(stranger);
        registry.unlist(stranger);
        vm.assertTrue(!registry.isListed(stranger[0]), "still listed");
    }

    function test_defended_admissionThatGivesNoAnswer() external {
        for (uint256 kind; kind < HOSTILE_KINDS; ++kind) {
            admission = vm.deployCode("HostileAdmission.sol:HostileAdmission", abi.encode(kind));
            _deploy(Presets.guarded());
            address client = vm.addr(1);
            _deposit(client, p.bond);
            uint256 before = gasleft();
            vm.expectRevert(abi.encodeWithSelector(IRoundManager.AdmissionFailed.selector, client));
            _join(client);
            vm.assertLe(before - gasleft(), MOST_GAS, "costs what it likes");
            vm.assertEq(manager.memberCount(), 0, "joined");
        }
    }

    function test_defended_admissionWithoutCode() external {
        address token_ = _token();
        address source = vm.deployCode("SimulatedSeed.sol:SimulatedSeed", abi.encode(bytes32("seed")));
        admission = vm.addr(9);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.AdmissionWithoutCode.selector, admission));
        this.deployManager(token_, source, Presets.guarded());
    }

    /// @dev Kept by this contract; the first six clients are on the list from the beginning, one of them twice.
    function _registry() private returns (IRegistry) {
        address[] memory listed = new address[](7);
        for (uint256 i; i < 7; ++i) {
            listed[i] = vm.addr(FIRST_KEY + i % 6);
        }
        admission =
            vm.deployCode("RegistryAdmission.sol:RegistryAdmission", abi.encode(address(this), listed));
        return IRegistry(admission);
    }
}
