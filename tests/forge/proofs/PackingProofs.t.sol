// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Client, Clients, Seat} from "../../../contracts/libraries/Clients.sol";
import {Head, Heads} from "../../../contracts/libraries/Heads.sol";
import {Lanes} from "../../../contracts/libraries/Lanes.sol";
import {Schedule, Schedules} from "../../../contracts/libraries/Schedules.sol";
import {vm} from "../support/Vm.sol";

/// @notice Proved by Halmos for every word: each writer of a packed word changes its own fields and no other.
contract PackingProofs {
    /* LANES */

    function check_lanesKeepOthers(uint256 word, uint8 j, uint8 k, uint16 value) external pure {
        vm.assume(j < 16 && k < 16);
        uint256 changed = Lanes.set(word, j, value);
        assert(Lanes.get(changed, k) == (j == k ? value : Lanes.get(word, k)));
    }

    /* CLIENT */

    function check_clientSeated(uint256 word, uint24 round, uint8 seat, bytes24 commitment) external pure {
        vm.assume(seat <= uint8(Seat.Absent));
        Client c = Client.wrap(word).seated(round, Seat(seat), commitment);
        assert(c.did(Seat(seat)) && c.round() == round && c.commitment() == commitment);
        assert(c.strikes() == 0 && c.place() == Client.wrap(word).place());
    }

    function check_clientOpened(uint256 word, uint8 seat, uint192 content) external pure {
        vm.assume(seat <= uint8(Seat.Absent));
        Client b = Client.wrap(word);
        Client c = b.opened(Seat(seat), content);
        assert(c.did(Seat(seat)) && c.content() == content);
        assert(c.strikes() == b.strikes() && c.place() == b.place() && c.round() == b.round());
    }

    function check_clientAbsent(uint256 word, uint24 round) external pure {
        Client b = Client.wrap(word);
        Client c = b.absent(round);
        assert(c.did(Seat.Absent) && c.round() == round && c.content() == 0);
        assert(c.strikes() == b.strikes() && c.place() == b.place());
    }

    function check_clientSettledPlacedStruck(uint256 word, uint24 place, uint8 strikes) external pure {
        Client b = Client.wrap(word);
        Client c = b.settled().placed(place).struck(strikes);
        assert(c.did(Seat.None) && c.place() == place && c.strikes() == strikes);
        assert(c.round() == b.round() && c.content() == b.content());
    }

    /* HEAD */

    struct Fields {
        uint24 round;
        uint24 members;
        uint8 proposers;
        uint16 voters;
        uint96 seed;
        uint32 time;
    }

    function check_headOpenedAndDrawn(Fields calldata f, uint256 side) external pure {
        vm.assume(f.proposers <= 16 && f.voters <= 16_382);
        // `opened` takes a square root, which is a loop of divisions: here the word that it writes, with any side.
        vm.assume(side <= 4096);
        Head h = _opened(f, side).drawn(f.seed, f.time);
        assert(h.round() == f.round && h.members() == f.members && h.side() == side);
        assert(h.proposers() == f.proposers && h.openProposers() == f.proposers && h.openVoters() == f.voters);
        assert(h.seed() == f.seed && h.drawnAt() == f.time);
        assert(h.updates() == 0 && h.unpublished() == 0 && h.published() == 0 && h.ballots() == 0);
        assert(!h.shuffled() && !h.finalised());
    }

    /// @dev Counters by one each, if they may: nothing else moves.
    function check_headCounters(uint256 word, uint8 position, bool proposes) external pure {
        Head b = Head.wrap(word);
        vm.assume(b.openProposers() > 0 && b.updates() < 16 && b.unpublished() < 16);
        Head c = b.withUpdate();
        assert(c.updates() == b.updates() + 1 && c.unpublished() == b.unpublished() + 1);
        assert(c.openProposers() == b.openProposers() - 1 && _sameBut(b, c));
        assert(
            c.published() == b.published() && c.ballots() == b.ballots() && c.openVoters() == b.openVoters()
        );

        vm.assume(position < 16 && (b.published() >> position) & 1 == 0);
        Head d = c.withPublished(position);
        assert(d.published() == b.published() | (1 << position) && d.unpublished() == b.unpublished());
        assert(d.updates() == c.updates() && d.openProposers() == c.openProposers() && _sameBut(b, d));

        vm.assume(b.openVoters() > 1 && b.ballots() < 16_382 && b.openProposers() > 1);
        Head e = d.withBallot();
        assert(e.ballots() == b.ballots() + 1 && e.openVoters() == b.openVoters() - 1 && _sameBut(b, e));
        assert(e.published() == d.published() && e.updates() == d.updates());

        Head f = e.withAbsent(proposes);
        assert(f.openProposers() == e.openProposers() - (proposes ? 1 : 0));
        assert(f.openVoters() == e.openVoters() - (proposes ? 0 : 1) && _sameBut(b, f));
        assert(f.ballots() == e.ballots() && f.updates() == e.updates() && f.published() == e.published());
    }

    function check_headFlags(uint256 word) external pure {
        Head b = Head.wrap(word);
        Head c = b.withShuffle();
        assert(
            c.shuffled() && c.finalised() == b.finalised() && Head.unwrap(c) | (1 << 93) == word | (1 << 93)
        );
        Head d = b.withOutcome();
        assert(
            d.finalised() && d.shuffled() == b.shuffled() && Head.unwrap(d) | (1 << 94) == word | (1 << 94)
        );
    }

    function _opened(Fields calldata f, uint256 side) private pure returns (Head) {
        uint256 sideAt = 80;
        uint256 word = Head.unwrap(Heads.opened(f.round, 16, f.proposers, f.voters));
        return Head.wrap(
            (word & ~(uint256(0xffffff) << 56) & ~(uint256(0x1fff) << sideAt)) | (uint256(f.members) << 56)
                | (side << sideAt)
        );
    }

    /// @dev What no counter may touch.
    function _sameBut(Head b, Head c) private pure returns (bool) {
        return b.round() == c.round() && b.members() == c.members() && b.side() == c.side()
            && b.drawnAt() == c.drawnAt() && b.seed() == c.seed() && b.proposers() == c.proposers()
            && b.shuffled() == c.shuffled() && b.finalised() == c.finalised();
    }

    /* SCHEDULE */

    function check_scheduleReturnsItsSpans(uint32 a, uint32 b, uint32 c, uint32 d) external pure {
        IRoundManager.Parameters memory p;
        (p.proposeFor, p.publishFor, p.voteFor, p.revealFor) = (a, b, c, d);
        Schedule s = Schedules.pack(p);
        IRoundManager.Parameters memory q;
        s.unpack(q);
        assert(q.proposeFor == a && q.publishFor == b && q.voteFor == c && q.revealFor == d);
        assert(s.revealEnds(Head.wrap(0)) == uint256(a) + b + c + d);
        assert(s.voteEnds(Head.wrap(0)) == uint256(a) + b + c);
    }
}
