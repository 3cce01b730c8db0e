// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Seat} from "../../../contracts/libraries/Clients.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {Signatures} from "../support/Signatures.sol";
import {vm} from "../support/Vm.sol";

/// @notice I17: whoever has an operator's key, and no other, moves its client's tokens into a seat's lock at most.
contract Operators is Field {
    uint256 private constant KEY = 0x09e7a702;
    bytes24 private constant COMMITMENT = bytes24("nobody can open this");

    address private _client;
    address private _operator;

    function setUp() external {
        IRoundManager.Parameters memory parameters = Presets.guarded();
        (parameters.interval, parameters.proposerReward, parameters.voterReward) = (0, 0, 0);
        _field(parameters, 8);
        _openAndDraw();
        (_client, _operator) = (_seatedAt(0), vm.addr(KEY));
        vm.prank(_client);
        manager.setOperator(_operator);
    }

    /// @dev Anything, in any order, in the phase in which the client could act.
    function testFuzz_defended_operatorLocksASeatAtMost(uint256 chance) external {
        uint256 free = manager.accountOf(_client).free;
        bool isLocked;
        for (uint256 i; i < 24; ++i) {
            chance = uint256(keccak256(abi.encode(chance)));
            (address target, bytes memory call_, bool locks) = _anything(chance);
            vm.prank(_operator);
            (bool done,) = target.call(call_);
            vm.assertTrue(!done || !locks || !isLocked, "locked twice");
            if (done && locks) isLocked = true;
            vm.assertEq(manager.accountOf(_client).free, free - (isLocked ? p.proposerStake : 0), "moved");
            vm.assertEq(manager.escrowOf(_client), isLocked ? p.proposerStake : 0, "locked otherwise");
            vm.assertEq(token.balanceOf(_client), 0, "paid out");
            vm.assertTrue(manager.clientOf(_client).isMember, "left for its client");
            vm.assertEq(manager.operatorOf(_client), _operator, "named another");
        }
    }

    /// @dev One stake in the round in which it was stolen, and nothing once it is replaced.
    function test_cost_bounded_stolenOperatorCostsASeatsStakeUntilReplaced() external {
        uint256 free = manager.accountOf(_client).free;
        _proposeAs(_client);
        vm.prank(_client);
        manager.setOperator(address(0));
        _finishRound();
        manager.settle(1, _client);
        vm.assertEq(manager.accountOf(_client).free, free - p.proposerStake, "cost more");

        while (manager.positionOf(_client) >= 2 || manager.head().finalised) {
            _finishRound();
            _openAndDraw();
        }
        (bytes32 r, bytes32 vs) = _signed(_client);
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.NotSigner.selector, _operator, _client));
        manager.proposeBySig(_client, COMMITMENT, r, vs);
    }

    /// @dev Of two clients: what it signed for one is of no use for the other.
    function test_defended_sharedOperatorsIntentNamesItsClient() external {
        address second = _seatedAt(1);
        vm.prank(second);
        manager.setOperator(_operator);
        (bytes32 r, bytes32 vs) = _signed(_client);
        (bool done, bytes memory reason) =
            address(manager).call(abi.encodeCall(manager.proposeBySig, (second, COMMITMENT, r, vs)));
        vm.assertTrue(!done && bytes4(reason) == IRoundManager.NotSigner.selector, "taken for another client");
        _proposeAs(second);
        vm.assertEq(uint256(manager.clientOf(_client).seat), uint256(Seat.None), "acted for both");
    }

    /* INTERNAL */

    function _signed(address client) private view returns (bytes32 r, bytes32 vs) {
        return Signatures.short(KEY, Signatures.intent(manager, Signatures.PROPOSE, client, COMMITMENT));
    }

    function _proposeAs(address client) private {
        (bytes32 r, bytes32 vs) = _signed(client);
        manager.proposeBySig(client, COMMITMENT, r, vs);
    }

    function _anything(uint256 chance) private view returns (address, bytes memory, bool locks) {
        uint256 amount = (chance >> 8) % (3 * uint256(p.bond));
        (bytes32 r, bytes32 vs) = _signed(_client);
        bytes[14] memory calls = [
            abi.encodeCall(manager.proposeBySig, (_client, COMMITMENT, r, vs)),
            abi.encodeCall(manager.commitBallotBySig, (_client, COMMITMENT, r, vs)),
            abi.encodeCall(manager.publishFor, (_client, bytes32(chance), 1, "salt")),
            abi.encodeCall(manager.revealBallotFor, (_client, uint16(chance), "salt")),
            abi.encodeCall(manager.propose, (COMMITMENT)),
            abi.encodeCall(manager.commitBallot, (COMMITMENT)),
            abi.encodeCall(manager.markAbsent, (_client)),
            abi.encodeCall(manager.settle, (1, _client)),
            abi.encodeCall(manager.withdraw, (amount)),
            abi.encodeCall(manager.requestExit, ()),
            abi.encodeCall(manager.setOperator, (_client)),
            abi.encodeCall(manager.bookDeposit, (_client, amount)),
            abi.encodeCall(pool.pay, (_client, amount)),
            abi.encodeCall(pool.deposit, (amount))
        ];
        uint256 which = chance % calls.length;
        return (which < 12 ? address(manager) : address(pool), calls[which], which == 0);
    }
}
