// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRelay} from "../../../contracts/interfaces/IRelay.sol";
import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Seat} from "../../../contracts/libraries/Clients.sol";
import {Field} from "../support/Field.sol";
import {Presets} from "../support/Presets.sol";
import {Signatures} from "../support/Signatures.sol";
import {vm} from "../support/Vm.sol";

/// @notice What others see is copied, sent first, or sent again: in the same round, the next, to another deployment, on
/// another chain.
contract Replay is Field {
    bytes24 private constant COMMITMENT = bytes24("commitment");

    address private _first;
    address private _second;

    function setUp() external {
        IRoundManager.Parameters memory parameters = Presets.guarded();
        parameters.maxStrikes = 0;
        _field(parameters, 8);
        _openAndDraw();
        (_first, _second) = (_seatedAt(0), _seatedAt(1));
    }

    /* COMMITMENTS */

    function test_defended_copiedCommitmentCannotBeOpened() external {
        _propose(_first);
        bytes24 copied = manager.clientOf(_first).content;
        vm.prank(_second);
        manager.propose(copied);
        _publish(_first);

        bytes24 opened = manager.updateCommitment(_second, keccak256(abi.encode(_first)), 1, "salt");
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.CommitmentMismatch.selector, copied, opened));
        vm.prank(_second);
        manager.publish(keccak256(abi.encode(_first)), 1, "salt");
    }

    /// @dev Whoever is first with another's commitment does not block it.
    function test_defended_commitmentSentFirstBlocksNobody() external {
        bytes24 seen = manager.updateCommitment(_second, keccak256(abi.encode(_second)), 1, "salt");
        vm.prank(_first);
        manager.propose(seen);
        _propose(_second);
        _publish(_second);
        vm.assertEq(uint256(manager.clientOf(_second).seat), uint256(Seat.Published), "blocked");
    }

    function test_defended_copiedBallotCannotBeOpened() external {
        address[2] memory voters = _toVote();
        _commitBallot(voters[0], 1);
        bytes24 copied = manager.clientOf(voters[0]).content;
        vm.prank(voters[1]);
        manager.commitBallot(copied);
        vm.warp(manager.head().drawnAt + p.proposeFor + p.publishFor + p.voteFor);
        _reveal(voters[0], 1);

        bytes24 opened = manager.ballotCommitment(voters[1], 1, "salt");
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.CommitmentMismatch.selector, copied, opened));
        _reveal(voters[1], 1);
    }

    /// @dev An opening seen on its way can be sent first, by anyone: it does for its client what the client wanted.
    function test_defended_openingSentFirstIsTheClients() external {
        _propose(_first);
        _propose(_second);
        manager.publishFor(_first, keccak256(abi.encode(_first)), 1, "salt");
        vm.assertEq(manager.update(0).root, keccak256(abi.encode(_first)), "another root");
        vm.assertEq(uint256(manager.clientOf(_first).seat), uint256(Seat.Published), "not published");

        vm.expectRevert(
            abi.encodeWithSelector(
                IRoundManager.UnexpectedSeat.selector, 1, _first, Seat.Published, Seat.Committed
            )
        );
        _publish(_first);
    }

    /* SIGNATURES */

    function test_defended_signatureServesOnce() external {
        (bytes32 r, bytes32 vs) = Signatures.sign(_keyOf(_first), manager, Signatures.PROPOSE, COMMITMENT);
        manager.proposeBySig(_first, COMMITMENT, r, vs);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRoundManager.UnexpectedSeat.selector, 1, _first, Seat.Committed, Seat.None
            )
        );
        manager.proposeBySig(_first, COMMITMENT, r, vs);
    }

    function test_defended_signatureServesOneRound() external {
        (bytes32 r, bytes32 vs) = Signatures.sign(_keyOf(_first), manager, Signatures.PROPOSE, COMMITMENT);
        _finishRound();
        _openAndDraw();
        _checkRefused(r, vs);
    }

    function test_defended_signatureServesOneDeployment() external {
        (bytes32 r, bytes32 vs) = Signatures.sign(_keyOf(_first), manager, Signatures.PROPOSE, COMMITMENT);
        _field(p, 8);
        _openAndDraw();
        _checkRefused(r, vs);
    }

    function test_defended_signatureServesOneChain() external {
        (bytes32 r, bytes32 vs) = Signatures.sign(_keyOf(_first), manager, Signatures.PROPOSE, COMMITMENT);
        vm.chainId(block.chainid + 1);
        _checkRefused(r, vs);
    }

    /// @dev The chain splits in the middle of a round: on the side that gets another number commitments cannot be opened,
    /// their stakes are lost there, and everybody still gets out.
    function test_cost_bounded_chainSplitCostsOneLock() external {
        _propose(_first);
        _propose(_second);
        vm.chainId(block.chainid + 1);
        bytes24 committed = manager.clientOf(_first).content;
        bytes24 opened = manager.updateCommitment(_first, keccak256(abi.encode(_first)), 1, "salt");
        vm.expectRevert(abi.encodeWithSelector(IRoundManager.CommitmentMismatch.selector, committed, opened));
        _publish(_first);

        vm.assertEq(_drain(), 0, "left behind");
        vm.assertEq(token.balanceOf(_first), 2 * uint256(p.bond) - p.proposerStake, "lost more than the lock");
    }

    /* BATCHES */

    /// @dev Sixty forged entries before a good one.
    function test_defended_forgedEntriesSpoilNoBatch() external {
        IRelay relay = _relay();
        IRelay.Signed[] memory batch = new IRelay.Signed[](61);
        for (uint256 i; i < 60; ++i) {
            batch[i] = IRelay.Signed(_second, COMMITMENT, keccak256(abi.encode(i)), keccak256(abi.encode(~i)));
        }
        (bytes32 r, bytes32 vs) = Signatures.sign(_keyOf(_first), manager, Signatures.PROPOSE, COMMITMENT);
        batch[60] = IRelay.Signed(_first, COMMITMENT, r, vs);
        relay.propose(batch);
        vm.assertEq(manager.clientOf(_first).content, COMMITMENT, "spoilt");
        vm.assertEq(uint256(manager.clientOf(_second).seat), uint256(Seat.None), "forged");
    }

    /// @dev Whatever gas a relay gives its batch, an entry is in whole or not at all, and who was left out sends it directly.
    function testFuzz_defended_shortGasNeitherLosesNorHalvesAnEntry(uint256 gas_) external {
        gas_ = 30_000 + gas_ % 300_000;
        IRelay.Signed[] memory batch = new IRelay.Signed[](2);
        address[2] memory both = [_first, _second];
        for (uint256 i; i < 2; ++i) {
            (bytes32 r, bytes32 vs) =
                Signatures.sign(_keyOf(both[i]), manager, Signatures.PROPOSE, COMMITMENT);
            batch[i] = IRelay.Signed(both[i], COMMITMENT, r, vs);
        }
        (bool done,) = address(_relay()).call{gas: gas_}(abi.encodeCall(IRelay.propose, (batch)));
        uint256 acted;
        for (uint256 i; i < 2; ++i) {
            bool isIn = manager.clientOf(both[i]).seat == Seat.Committed;
            uint256 free = manager.accountOf(both[i]).free;
            vm.assertEq(free, 2 * uint256(p.bond) - (isIn ? p.proposerStake : 0), "half an entry");
            if (isIn) {
                ++acted;
                continue;
            }
            vm.prank(both[i]);
            manager.propose(COMMITMENT);
        }
        vm.assertTrue(done || acted == 0, "a batch that fails leaves traces");
        vm.assertEq(manager.head().updates, 2, "left out for good");
    }

    /* INTERNAL */

    function _checkRefused(bytes32 r, bytes32 vs) private {
        (bool done, bytes memory reason) =
            address(manager).call(abi.encodeCall(manager.proposeBySig, (_first, COMMITMENT, r, vs)));
        vm.assertTrue(!done && bytes4(reason) == IRoundManager.NotSigner.selector, "a replay was taken");
    }

    function _toVote() private returns (address[2] memory voters) {
        _propose(_first);
        _propose(_second);
        _publish(_first);
        _publish(_second);
        voters = [_seatedAt(2), _seatedAt(3)];
    }

    function _relay() private returns (IRelay) {
        return IRelay(vm.deployCode("Relay.sol:Relay", abi.encode(manager)));
    }

    function _keyOf(address a) private view returns (uint256 key) {
        for (; clients[key] != a; ++key) {}
        key += FIRST_KEY;
    }
}
