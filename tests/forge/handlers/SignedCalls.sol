// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRelay} from "../../../contracts/interfaces/IRelay.sol";
import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Signatures} from "../support/Signatures.sol";
import {vm} from "../support/Vm.sol";
import {SeatCalls} from "./SeatCalls.sol";

/// @title SignedCalls
/// @notice The same acts sent by somebody else: one by one, and in batches of which some entries are forged.
abstract contract SignedCalls is SeatCalls {
    IRelay public relay;

    /// @dev By the client or its operator. One in four is of something else: with another key, for another kind, client,
    /// round, chain or contract.
    function proposeBySig(uint256 who, uint256 how) external recorded {
        address a = _pick(who, _mayPropose);
        bytes24 commitment = _updateCommitment(a);
        (bytes32 r, bytes32 vs) = _signed(a, Signatures.PROPOSE, commitment, how);
        bool allowed = _mayPropose(a) && _isGenuine(how);
        try manager.proposeBySig(a, commitment, r, vs) {
            _accept(this.proposeBySig.selector, allowed);
            _proposed(a, commitment);
        } catch (bytes memory reason) {
            _refuse(this.proposeBySig.selector, allowed, reason);
        }
    }

    function commitBallotBySig(uint256 who, uint256 how) external recorded {
        address a = _pick(who, _mayCommitBallot);
        bytes24 commitment = _ballotCommitment(a);
        (bytes32 r, bytes32 vs) = _signed(a, Signatures.COMMIT_BALLOT, commitment, how);
        bool allowed = _mayCommitBallot(a) && _isGenuine(how);
        try manager.commitBallotBySig(a, commitment, r, vs) {
            _accept(this.commitBallotBySig.selector, allowed);
            _committedBallot(a, commitment);
        } catch (bytes memory reason) {
            _refuse(this.commitBallotBySig.selector, allowed, reason);
        }
    }

    function publishFor(uint256 who, uint256 how) external recorded {
        address a = _pick(who, _mayPublish);
        (bytes32 root, uint256 count, bytes32 salt) = _update(a);
        if (!_isGenuine(how)) root = keccak256(abi.encode(root));
        bool allowed = _mayPublish(a) && _isGenuine(how);
        try manager.publishFor(a, root, count, salt) {
            _accept(this.publishFor.selector, allowed);
            _published(a, root, count);
        } catch (bytes memory reason) {
            _refuse(this.publishFor.selector, allowed, reason);
        }
    }

    function revealBallotFor(uint256 who, uint256 how) external recorded {
        address a = _pick(who, _mayReveal);
        (uint16 ballot, bytes32 salt) = _ballot(a);
        if (!_isGenuine(how)) salt = keccak256(abi.encode(salt));
        bool allowed = _mayReveal(a) && _isGenuine(how);
        try manager.revealBallotFor(a, ballot, salt) {
            _accept(this.revealBallotFor.selector, allowed);
            _revealed(a, ballot);
        } catch (bytes memory reason) {
            _refuse(this.revealBallotFor.selector, allowed, reason);
        }
    }

    /// @dev All that can act in the phase, in one transaction; a forged entry must not spoil the rest, and the rest must
    /// not let it in. What each entry does is worked out before: the phase may end in the middle of a batch.
    function relayAll(uint256 how) external recorded {
        IRoundManager.Phase phase = ghostPhase();
        uint256 acts;
        if (phase == IRoundManager.Phase.Propose || phase == IRoundManager.Phase.Vote) {
            acts = _relaySigned(phase == IRoundManager.Phase.Propose, how);
        } else if (phase == IRoundManager.Phase.Publish) {
            acts = _relayPublish(how);
        } else if (phase == IRoundManager.Phase.Reveal) {
            acts = _relayReveal(how);
        }
        logs.read(vm.getRecordedLogs());
        isChanged = true; // Whatever the ghost thinks of the batch.
        if (acts != 0) ++accepted[this.relayAll.selector];
    }

    /* INTERNAL */

    function _relaySigned(bool proposes, uint256 how) private returns (uint256 acts) {
        IRelay.Signed[] memory batch = new IRelay.Signed[](actors.length);
        for (uint256 i; i < actors.length; ++i) {
            address a = actors[i];
            uint256 mood = how >> (8 * i);
            bytes24 commitment = proposes ? _updateCommitment(a) : _ballotCommitment(a);
            bool may = proposes ? _mayPropose(a) : _mayCommitBallot(a);
            batch[i] = IRelay.Signed(a, commitment, 0, 0);
            // Without a signature: else `Settled` would be logged, reverted, and read all the same.
            if (!may) continue;
            (batch[i].r, batch[i].vs) =
                _signed(a, proposes ? Signatures.PROPOSE : Signatures.COMMIT_BALLOT, commitment, mood);
            if (!_isGenuine(mood)) continue;
            if (proposes) _proposed(a, commitment);
            else _committedBallot(a, commitment);
            ++acts;
        }
        if (proposes) relay.propose(batch);
        else relay.commitBallots(batch);
    }

    function _relayPublish(uint256 how) private returns (uint256 acts) {
        IRelay.OpenedUpdate[] memory batch = new IRelay.OpenedUpdate[](actors.length);
        for (uint256 i; i < actors.length; ++i) {
            (bytes32 root, uint256 count, bytes32 salt) = _update(actors[i]);
            if (!_isGenuine(how >> (8 * i))) root = 0;
            batch[i] = IRelay.OpenedUpdate(actors[i], root, count, salt);
            if (!_mayPublish(actors[i]) || root == 0) continue;
            _published(actors[i], root, count);
            ++acts;
        }
        relay.publish(batch);
    }

    function _relayReveal(uint256 how) private returns (uint256 acts) {
        IRelay.OpenedBallot[] memory batch = new IRelay.OpenedBallot[](actors.length);
        for (uint256 i; i < actors.length; ++i) {
            (uint16 ballot, bytes32 salt) = _ballot(actors[i]);
            if (!_isGenuine(how >> (8 * i))) salt = 0;
            batch[i] = IRelay.OpenedBallot(actors[i], ballot, salt);
            if (!_mayReveal(actors[i]) || salt == 0) continue;
            _revealed(actors[i], ballot);
            ++acts;
        }
        relay.revealBallots(batch);
    }

    function _isGenuine(uint256 how) private pure returns (bool) {
        return how % 4 != 3;
    }

    function _signed(address a, bytes32 kind, bytes24 commitment, uint256 how)
        private
        view
        returns (bytes32 r, bytes32 vs)
    {
        address operator = clients[a].operator;
        uint256 key = _keyOf(operator != address(0) && (how >> 4) % 2 == 0 ? operator : a);
        Signatures.Intent memory signed = Signatures.intent(manager, kind, a, commitment);
        if (_isGenuine(how)) return Signatures.short(key, signed);

        uint256 what = (how >> 2) % 6;
        if (what == 0) key = _strangerTo(a, how >> 5);
        if (what == 1) signed.chain = 1;
        if (what == 2) signed.manager = address(relay);
        if (what == 3) ++signed.round;
        if (what == 4) {
            signed.kind = kind == Signatures.PROPOSE ? Signatures.COMMIT_BALLOT : Signatures.PROPOSE;
        }
        if (what == 5) signed.client = vm.addr(_strangerTo(a, how >> 5));
        return Signatures.short(key, signed);
    }

    /// @dev The key of an actor that is neither `a` nor its operator; others' operators are among them.
    function _strangerTo(address a, uint256 first) private view returns (uint256) {
        uint256 i = first % actors.length;
        while (actors[i] == a || actors[i] == clients[a].operator) i = (i + 1) % actors.length;
        return FIRST_KEY + i;
    }

    function _keyOf(address a) private view returns (uint256 key) {
        for (; actors[key] != a; ++key) {}
        key += FIRST_KEY;
    }
}
