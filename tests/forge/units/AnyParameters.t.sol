// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Field} from "../support/Field.sol";
import {vm} from "../support/Vm.sol";

/// @notice Any parameters that can be deployed, 4 to 24 members, three rounds in which everyone does anything at any time:
/// nothing is made or lost, and everybody gets out.
contract AnyParameters is Field {
    uint256 private constant ROUNDS = 3;

    uint256 private _chance;
    uint256 private _held; // In custody from the first round to the last.

    function testFuzz_anyParametersConserve(uint256 chance) external {
        _chance = chance;
        _field(_anyParameters(), 4 + _below(21));
        _held = token.balanceOf(address(pool));
        for (uint256 k; k < ROUNDS && manager.memberCount() >= p.minMembers; ++k) {
            _fund();
            _open();
            _play();
            for (uint256 i; i < clients.length; ++i) {
                if (_below(2) == 0) _attempt(abi.encodeCall(manager.settle, (k + 1, clients[i])));
            }
            _checkSum();
        }
        vm.assertEq(_drain(), 0, "left behind");
        manager.sweep(); // Nobody is a member, and the last draw an unbonding past.
        vm.assertEq(token.balanceOf(address(pool)), 0, "locked for ever");
    }

    /* A ROUND */

    function _fund() private {
        uint256 amount = _below(3) * _below(100_000);
        token.approve(address(pool), amount);
        pool.fund(amount);
        _held += amount;
    }

    function _open() private {
        uint256 opensAt = manager.head().drawnAt + p.interval;
        if (vm.getBlockTimestamp() < opensAt) vm.warp(opensAt);
        manager.openRound();
        _comeAndGo(); // Between opening and draw.
        _draw();
    }

    function _play() private {
        uint32[4] memory spans = [p.proposeFor, p.publishFor, p.voteFor, p.revealFor];
        uint256 ends = manager.head().drawnAt;
        for (uint256 stage; stage < spans.length; ++stage) {
            ends += spans[stage];
            for (uint256 i; i < clients.length; ++i) {
                _act(clients[i], stage);
            }
            _comeAndGo();
            // The last second of the phase, or the first after it, or earlier.
            if (_below(3) != 0 && vm.getBlockTimestamp() < ends) vm.warp(ends - _below(2));
            if (_below(2) == 0 && vm.getBlockTimestamp() < ends) vm.warp(ends);
            for (uint256 i; i < clients.length; ++i) {
                if (_below(2) == 0) _attempt(abi.encodeCall(manager.markAbsent, (clients[i])));
            }
            _checkSum();
        }
        ends += p.markFor;
        if (vm.getBlockTimestamp() < ends) vm.warp(ends);
        manager.finalise();
    }

    /// @dev One in four stays away; whether the others may is the contract's business.
    function _act(address a, uint256 stage) private {
        if (_below(4) == 0) return;
        bytes32 root = keccak256(abi.encode(a));
        uint16 ballot = uint16(uint160(a) >> (manager.head().round & 7));
        bytes memory call_ = abi.encodeCall(manager.revealBallot, (ballot, "salt"));
        if (stage == 0) {
            call_ = abi.encodeCall(manager.propose, (manager.updateCommitment(a, root, p.maxSamples, "salt")));
        } else if (stage == 1) {
            call_ = abi.encodeCall(manager.publish, (root, p.maxSamples, "salt"));
        } else if (stage == 2) {
            call_ = abi.encodeCall(manager.commitBallot, (manager.ballotCommitment(a, ballot, "salt")));
        }
        vm.prank(a);
        _attempt(call_);
    }

    function _comeAndGo() private {
        for (uint256 i; i < clients.length; ++i) {
            if (_below(9) != 0) continue;
            bool isMember = manager.clientOf(clients[i]).isMember;
            vm.prank(clients[i]);
            if (isMember) manager.requestExit();
            else _attempt(abi.encodeCall(manager.join, ("")));
        }
    }

    /// @dev I1: every unit in custody is somebody's, whatever was refused before.
    function _checkSum() private view {
        uint256 sum = manager.rewardPool() + manager.budget();
        for (uint256 i; i < clients.length; ++i) {
            sum += manager.accountOf(clients[i]).free + manager.escrowOf(clients[i]);
        }
        vm.assertEq(token.balanceOf(address(pool)), _held, "tokens moved");
        if (manager.head().finalised) vm.assertEq(sum, _held, "decided: made or lost");
        else vm.assertEq(sum, _held, "open: made or lost");
    }

    /* CHANCE */

    function _anyParameters() private returns (IRoundManager.Parameters memory q) {
        q.proposerStake = uint96(1 + _below(50_000));
        q.voterStake = uint96(16 + _below(50_000));
        q.absencePenalty = uint96(_below(3) == 0 ? 0 : _below(40_000));
        uint96 largest = q.proposerStake > q.voterStake ? q.proposerStake : q.voterStake;
        q.bond = largest + q.absencePenalty + uint96(_below(3));
        q.proposerBps = uint16(1 + _below(5000));
        q.voterSeats = uint16(1 + _below(25));
        q.quorumBps = uint16(_below(5001));
        q.maxStrikes = uint8(_below(4));
        q.maxSamples = uint16(1 + _below(65_535));
        q.maxRounds = uint24(_below(2) * ROUNDS);
        q.minMembers = uint24(4 + _below(2) * _below(6));
        q.seedDelay = uint16(1 + _below(256));
        q.proposeFor = uint32(1 + _below(100));
        q.publishFor = uint32(1 + _below(100));
        q.voteFor = uint32(1 + _below(100));
        q.revealFor = uint32(1 + _below(100));
        q.markFor = uint32(_below(2) * _below(100));
        q.unbonding = q.proposeFor + q.publishFor + q.voteFor + q.revealFor + q.markFor;
        q.interval = uint32(_below(2) * _below(1000));
        if (_below(2) == 0) {
            (q.proposerReward, q.voterReward) = (uint96(_below(20_000)), uint96(_below(3) * _below(5000)));
            q.interval += q.unbonding; // Rewards need one as long as a round.
        }
        q.treasury = address(0x7eeee);
        q.rules = keccak256("rules");
    }

    function _below(uint256 end) private returns (uint256) {
        _chance = uint256(keccak256(abi.encode(_chance)));
        return _chance % end;
    }

    function _attempt(bytes memory call_) private {
        (bool done,) = address(manager).call(call_);
        done; // Refused or not: nothing may be made or lost.
    }
}
