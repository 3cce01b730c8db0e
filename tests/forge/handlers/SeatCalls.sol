// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "../support/Vm.sol";
import {MemberCalls} from "./MemberCalls.sol";

/// @title SeatCalls
/// @notice What proposers and voters do. Contents follow from round and client, so that every commitment can be opened;
/// one opening in eight is not what was committed.
abstract contract SeatCalls is MemberCalls {
    function propose(uint256 who) public recorded {
        _propose(_pick(who, _mayPropose));
    }

    function publish(uint256 who) public recorded {
        _publish(_pick(who, _mayPublish), who);
    }

    function commitBallot(uint256 who) public recorded {
        _commitBallot(_pick(who, _mayCommitBallot));
    }

    function revealBallot(uint256 who) public recorded {
        _revealBallot(_pick(who, _mayReveal), who);
    }

    /// @dev Everyone who may act in the phase does, but for those whom `mask` leaves out.
    function playPhase(uint256 mask) public recorded {
        uint256 acts;
        for (uint256 i; i < actors.length; ++i) {
            address a = actors[i];
            if ((mask >> i) & (mask >> (i + 32)) & (mask >> (i + 64)) & 1 == 1) continue;
            if (_mayPropose(a)) _propose(a);
            else if (_mayPublish(a)) _publish(a, 1);
            else if (_mayCommitBallot(a)) _commitBallot(a);
            else if (_mayReveal(a)) _revealBallot(a, 1);
            else continue;
            ++acts;
        }
        if (acts != 0) ++accepted[this.playPhase.selector];
    }

    /* INTERNAL */

    function _propose(address a) private {
        bytes24 commitment = _updateCommitment(a);
        bool allowed = _mayPropose(a);
        vm.prank(a);
        try manager.propose(commitment) {
            _accept(this.propose.selector, allowed);
            _proposed(a, commitment);
        } catch (bytes memory reason) {
            _refuse(this.propose.selector, allowed, reason);
        }
    }

    function _publish(address a, uint256 how) private {
        (bytes32 root, uint256 count, bytes32 salt) = _update(a);
        bool isTrue = (how >> 16) % 8 != 7;
        if (!isTrue) count = (how >> 24) % 2 == 0 ? 0 : count + p.maxSamples;
        bool allowed = _mayPublish(a) && isTrue;
        vm.prank(a);
        try manager.publish(root, count, salt) {
            _accept(this.publish.selector, allowed);
            _published(a, root, count);
        } catch (bytes memory reason) {
            _refuse(this.publish.selector, allowed, reason);
        }
    }

    function _commitBallot(address a) private {
        bytes24 commitment = _ballotCommitment(a);
        bool allowed = _mayCommitBallot(a);
        vm.prank(a);
        try manager.commitBallot(commitment) {
            _accept(this.commitBallot.selector, allowed);
            _committedBallot(a, commitment);
        } catch (bytes memory reason) {
            _refuse(this.commitBallot.selector, allowed, reason);
        }
    }

    function _revealBallot(address a, uint256 how) private {
        (uint16 ballot, bytes32 salt) = _ballot(a);
        bool isTrue = (how >> 16) % 8 != 7;
        if (!isTrue) ballot = ~ballot;
        bool allowed = _mayReveal(a) && isTrue;
        vm.prank(a);
        try manager.revealBallot(ballot, salt) {
            _accept(this.revealBallot.selector, allowed);
            _revealed(a, ballot);
        } catch (bytes memory reason) {
            _refuse(this.revealBallot.selector, allowed, reason);
        }
    }

    function _updateCommitment(address a) internal view returns (bytes24) {
        (bytes32 root, uint256 count, bytes32 salt) = _update(a);
        return manager.updateCommitment(a, root, count, salt);
    }

    function _ballotCommitment(address a) internal view returns (bytes24) {
        (uint16 ballot, bytes32 salt) = _ballot(a);
        return manager.ballotCommitment(a, ballot, salt);
    }

    function _update(address a) internal view returns (bytes32 root, uint256 count, bytes32 salt) {
        root = keccak256(abi.encode(round.number, a, "root"));
        count = uint256(root) % p.maxSamples + 1;
        salt = keccak256(abi.encode(round.number, a, "salt"));
    }

    /// @dev A third of the ballots accept all, a third nothing, a third what chance says: ties and unanimous rounds happen.
    function _ballot(address a) internal view returns (uint16 ballot, bytes32 salt) {
        salt = keccak256(abi.encode(round.number, a, "ballot"));
        uint256 kind = uint256(salt) % 3;
        ballot = kind == 0 ? type(uint16).max : kind == 1 ? 0 : uint16(uint256(salt) >> 32);
    }
}
