// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Client, Seat} from "../libraries/Clients.sol";
import {Head, Heads} from "../libraries/Heads.sol";
import {Lanes} from "../libraries/Lanes.sol";

/// @title PackingHarness
/// @notice For tests: every field of the packed words, before and after each writer.
contract PackingHarness {
    /// @notice Fields of a head, in the order of `IRoundManager.RoundState` with open seats in place of absences, and
    /// then `side`, `proposers` and `unpublished`.
    function head(Head h) public pure returns (uint256[14] memory) {
        return [
            h.round(),
            h.members(),
            h.drawnAt(),
            h.seed(),
            h.updates(),
            h.published(),
            h.openProposers(),
            h.ballots(),
            h.openVoters(),
            h.shuffled() ? uint256(1) : 0,
            h.finalised() ? uint256(1) : 0,
            h.side(),
            h.proposers(),
            h.unpublished()
        ];
    }

    function opened(uint256 round, uint256 members, uint256 proposers, uint256 voters)
        external
        pure
        returns (Head)
    {
        return Heads.opened(round, members, proposers, voters);
    }

    function drawn(Head h, uint96 seed, uint256 time) external pure returns (Head) {
        return h.drawn(seed, time);
    }

    function withUpdate(Head h) external pure returns (Head) {
        return h.withUpdate();
    }

    function withPublished(Head h, uint256 position) external pure returns (Head) {
        return h.withPublished(position);
    }

    function withBallot(Head h) external pure returns (Head) {
        return h.withBallot();
    }

    function withAbsent(Head h, bool proposes) external pure returns (Head) {
        return h.withAbsent(proposes);
    }

    function withShuffle(Head h) external pure returns (Head) {
        return h.withShuffle();
    }

    function withOutcome(Head h) external pure returns (Head) {
        return h.withOutcome();
    }

    /// @notice Fields of a client: seat, strikes, place, round, content, whether a member, whether payable.
    function client(Client c) public pure returns (uint256[7] memory) {
        return [
            uint256(c.seat()),
            c.strikes(),
            c.place(),
            c.round(),
            c.content(),
            c.isMember() ? uint256(1) : 0,
            c.isPayable() ? uint256(1) : 0
        ];
    }

    function seated(Client c, uint256 round, Seat seat, bytes24 commitment) external pure returns (Client) {
        return c.seated(round, seat, commitment);
    }

    function openedSeat(Client c, Seat seat, uint256 content) external pure returns (Client) {
        return c.opened(seat, content);
    }

    function absent(Client c, uint256 round) external pure returns (Client) {
        return c.absent(round);
    }

    function settled(Client c) external pure returns (Client) {
        return c.settled();
    }

    function placed(Client c, uint256 place) external pure returns (Client) {
        return c.placed(place);
    }

    function struck(Client c, uint256 strikes) external pure returns (Client) {
        return c.struck(strikes);
    }

    /// @notice All sixteen lanes of `word` after `value` was set in lane `j`.
    function lanes(uint256 word, uint256 j, uint256 value) external pure returns (uint256[16] memory values) {
        word = Lanes.set(word, j, value);
        for (uint256 i; i < values.length; ++i) {
            values[i] = Lanes.get(word, i);
        }
    }
}
