// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../interfaces/IRoundManager.sol";
import {IStakePool} from "../interfaces/IStakePool.sol";
import {Ledger} from "../libraries/Ledger.sol";
import {Tally} from "../libraries/Tallies.sol";

/// @title Lens
/// @notice For tests: all that a deployment shows, in one call, as words in an order that the tests know.
contract Lens {
    uint256 private constant LANES = 16;
    uint256 private constant FIXED_WORDS = 24 + 2 * LANES;
    uint256 private constant CLIENT_WORDS = 12;

    /// @notice The latest round, the pool, the updates, the members, then each of `clients`.
    function state(IRoundManager manager, address[] calldata clients)
        external
        view
        returns (uint256[] memory words)
    {
        uint256 members = manager.memberCount();
        words = new uint256[](FIXED_WORDS + members + CLIENT_WORDS * clients.length);
        uint256 at = _round(manager, words);
        at = _pool(manager, words, at);
        for (uint256 j; j < LANES; ++j) {
            IRoundManager.Update memory u = manager.update(j);
            words[at++] = uint256(u.root);
            words[at++] = u.samples;
        }
        for (uint256 i; i < members; ++i) {
            words[at++] = uint160(manager.memberAt(i));
        }
        for (uint256 i; i < clients.length; ++i) {
            at = _client(manager, clients[i], words, at);
        }
        assert(at == words.length);
    }

    function _round(IRoundManager manager, uint256[] memory words) private view returns (uint256 at) {
        IRoundManager.RoundState memory h = manager.head();
        words[at++] = h.round;
        words[at++] = h.members;
        words[at++] = h.drawnAt;
        words[at++] = h.seed;
        words[at++] = h.updates;
        words[at++] = h.published;
        words[at++] = h.absentProposers;
        words[at++] = h.ballots;
        words[at++] = h.absentVoters;
        words[at++] = h.shuffled ? 1 : 0;
        words[at++] = h.finalised ? 1 : 0;
        words[at++] = uint256(manager.phase());
        (words[at], words[at + 1]) = manager.seats();
        at += 2;
        words[at++] = Tally.unwrap(manager.tally());
        IRoundManager.Record memory r = manager.record(h.round);
        words[at++] = Tally.unwrap(r.tally);
        words[at++] = r.pot;
        words[at++] = r.anchor;
        words[at++] = r.rewarded ? 1 : 0;
        words[at++] = uint256(manager.model());
    }

    function _pool(IRoundManager manager, uint256[] memory words, uint256 at) private view returns (uint256) {
        IStakePool pool = manager.POOL();
        words[at++] = manager.rewardPool();
        words[at++] = manager.budget();
        words[at++] = pool.TOKEN().balanceOf(address(pool));
        words[at++] = manager.memberCount();
        return at;
    }

    function _client(IRoundManager manager, address client, uint256[] memory words, uint256 at)
        private
        view
        returns (uint256)
    {
        IRoundManager.ClientState memory c = manager.clientOf(client);
        Ledger.Account memory a = manager.accountOf(client);
        words[at++] = c.isMember ? 1 : 0;
        words[at++] = c.place;
        words[at++] = c.strikes;
        words[at++] = c.round;
        words[at++] = uint256(c.seat);
        words[at++] = uint192(c.content);
        words[at++] = a.free;
        words[at++] = a.releaseAt;
        words[at++] = manager.positionOf(client);
        words[at++] = manager.escrowOf(client);
        words[at++] = manager.POOL().TOKEN().balanceOf(client);
        words[at++] = uint160(manager.operatorOf(client));
        return at;
    }
}
