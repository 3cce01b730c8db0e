// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {IStakePool} from "../../../contracts/interfaces/IStakePool.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

interface IRegistry {
    function isListed(address client) external view returns (bool);
    function list(address[] calldata clients) external;
    function unlist(address[] calldata clients) external;
}

/// @dev Admits everyone, and meddles while it is asked.
contract Meddler {
    IRoundManager private _manager;
    IStakePool private _pool;

    function arm(IRoundManager manager, IStakePool pool) external {
        (_manager, _pool) = (manager, pool);
    }

    function isAdmitted(address client, bytes calldata) external returns (bool) {
        if (address(_manager) == address(0)) return true;
        bytes[4] memory calls = [
            abi.encodeCall(IRoundManager.openRound, ()),
            abi.encodeCall(IRoundManager.requestExit, ()),
            abi.encodeCall(IRoundManager.setOperator, (client)),
            abi.encodeCall(IRoundManager.settle, (0, client))
        ];
        for (uint256 i; i < calls.length; ++i) {
            _send(address(_manager), calls[i]);
        }
        _send(address(_pool), abi.encodeCall(IStakePool.depositFor, (client, 0)));
        return true;
    }

    /// @notice Whether its calls are some that succeed when it is not asked for an answer.
    function meddles(address client) external returns (bool done) {
        (done,) = address(_manager).call(abi.encodeCall(IRoundManager.setOperator, (client)));
        (bool undone,) = address(_manager).call(abi.encodeCall(IRoundManager.setOperator, (address(0))));
        return done && undone;
    }

    function _send(address to, bytes memory data) private {
        (bool done,) = to.call{gas: 25_000}(data);
        done;
    }
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

    /// @dev An admission whose code goes (a delegation that is taken back): nobody new, and nobody else notices.
    function test_defended_admissionWhoseCodeVanishes() external {
        _registry();
        _field(Presets.guarded(), 6);
        vm.etch(admission, "");
        address stranger = vm.addr(7);
        _deposit(stranger, p.bond);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.AdmissionFailed.selector, stranger));
        _join(stranger);
        vm.prank(stranger);
        manager.withdraw(p.bond);
        _playRound(4);
        vm.assertEq(_drain(), 0, "left behind");
    }

    /// @dev Whatever gas it brings, a stranger is none of them, and one on the list joins whole or not at all.
    function testFuzz_defended_noShortageOfGasAdmits(uint256 gas_) external {
        gas_ = 25_000 + gas_ % 300_000;
        _registry();
        _deploy(Presets.guarded());
        (address listed, address stranger) = (vm.addr(FIRST_KEY), vm.addr(7));
        _deposit(listed, p.bond);
        _deposit(stranger, p.bond);
        vm.assertTrue(!_joinWith(stranger, gas_), "a stranger");
        bool joined = _joinWith(listed, gas_);
        vm.assertEq(manager.memberCount(), joined ? 1 : 0, "half a member");
        vm.assertTrue(manager.clientOf(listed).isMember == joined, "half a member");
    }

    /// @dev What is asked about a client that joins tries to open a round, to leave for it, to pay for it.
    function test_defended_admissionThatCallsBack() external {
        Meddler meddler = new Meddler();
        admission = address(meddler);
        _field(Presets.guarded(), 5);
        meddler.arm(manager, pool);
        address client = vm.addr(7);
        _deposit(client, p.bond);
        _join(client);
        vm.assertTrue(meddler.meddles(client), "a weak test");
        vm.assertEq(manager.memberCount(), 6, "somebody left");
        vm.assertEq(manager.head().round, 0, "opened a round");
        vm.assertEq(manager.operatorOf(admission), address(0), "wrote");
        vm.assertEq(_drain(), p.bond, "moved tokens"); // The last one's, who is none of the field.
    }

    /// @dev Who leaves before the draw may come back for the seat that it kept, unless it is struck off in between: that
    /// costs what missing the seat costs, which leaving had chosen, and nothing else.
    function test_cost_bounded_struckOffBetweenLeavingAndTheDraw() external {
        IRegistry registry = _registry();
        _field(Presets.guarded(), 6);
        vm.warp(vm.getBlockTimestamp() + p.interval);
        manager.openRound();
        address leaver = clients[0];
        vm.prank(leaver);
        manager.requestExit();
        address[] memory struck = new address[](1);
        struck[0] = leaver;
        registry.unlist(struck);
        _draw();
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.NotAdmitted.selector, leaver));
        _join(leaver);

        _submitOfMembers();
        vm.warp(vm.getBlockTimestamp() + _schedule());
        manager.markAbsent(leaver);
        vm.assertEq(manager.accountOf(leaver).free, 2 * uint256(p.bond) - p.absencePenalty, "more than that");
        _finishRound();
        vm.warp(vm.getBlockTimestamp() + p.unbonding);
        vm.prank(leaver);
        manager.withdraw(2 * uint256(p.bond) - p.absencePenalty);
    }

    function _joinWith(address client, uint256 gas_) private returns (bool done) {
        vm.prank(client);
        (done,) = address(manager).call{gas: gas_}(abi.encodeCall(manager.join, ("")));
    }

    /// @dev What every proposer that is still there does.
    function _submitOfMembers() private {
        (uint256 proposers,) = manager.seats();
        for (uint256 j; j < proposers; ++j) {
            if (!manager.clientOf(_seatedAt(j)).isMember) continue;
            _propose(_seatedAt(j));
        }
        vm.warp(vm.getBlockTimestamp() + p.proposeFor);
        for (uint256 j; j < proposers; ++j) {
            if (manager.clientOf(_seatedAt(j)).isMember) _publish(_seatedAt(j));
        }
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
