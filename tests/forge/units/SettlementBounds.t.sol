// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Settlement} from "../../../contracts/libraries/Settlement.sol";
import {Tallies, Tally} from "../../../contracts/libraries/Tallies.sol";
import {Rules} from "../support/Rules.sol";
import {vm} from "../support/Vm.sol";

/// @notice Where solvers give up on division: every tally up to a bound, said beside each, and chance beyond.
contract SettlementBounds {
    uint256 private constant STAKE = 1009;
    uint256 private constant PROPOSER_STAKE = 10_007;

    struct Sums {
        uint256 locks;
        uint256 paid;
        uint256 slashed;
        uint256 awarded;
    }

    /// @dev One proposal, every tally of up to 20 ballots with more than half of them revealed, voter stakes 16 to 40: whatever
    /// the ballots, what they get and what is slashed is what was locked, to the unit, and none gets more than its side's pot.
    function test_everyTallyOfOneProposalConserves() external pure {
        for (uint256 committed = 1; committed <= 20; ++committed) {
            for (uint256 revealed = committed / 2 + 1; revealed <= committed; ++revealed) {
                for (uint256 yes; yes <= revealed; ++yes) {
                    Tally t = _tally(1, revealed, yes).seal(1, committed, false);
                    for (uint256 stake = 16; stake <= 40; ++stake) {
                        _checkOne(t, committed, revealed, yes, stake);
                    }
                }
            }
        }
    }

    /// @dev I13. All-or-nothing ballots, every number of proposals to 16, every tally of up to 12 ballots, none silent:
    /// Algorithm 1 exactly, Algorithm 2 within the bound of the protocol.
    function test_allOrNothingIsThePaper() external pure {
        for (uint256 p = 1; p <= 16; ++p) {
            for (uint256 ballots = 1; ballots <= 12; ++ballots) {
                for (uint256 yes; yes <= ballots; ++yes) {
                    _checkPaper(p, ballots, yes);
                }
            }
        }
    }

    /// @dev Chance: sixteen proposals at most, forty ballots, any stakes of 96 bits; each ballot by the protocol's own words.
    function testFuzz_ballotsConserve(uint256 seed, uint96 voterStake, uint96 proposerStake, uint96 pot)
        external
        pure
    {
        uint256 stake = uint256(voterStake) % (type(uint96).max - 16) + 16;
        uint256[] memory ballots = new uint256[](seed % 40 + 1);
        uint256 published = (uint256(keccak256(abi.encode(seed))) & 0xffff) | 1;
        uint256 committed = ballots.length + (seed >> 16) % ballots.length % 4;
        Tally t = Tallies.EMPTY;
        for (uint256 i; i < ballots.length; ++i) {
            ballots[i] = uint256(keccak256(abi.encode(seed >> 24, i % ((seed >> 8) % 5 + 1)))) & published;
            t = t.add(ballots[i]);
        }
        t = t.seal(published, committed, false);

        Sums memory s;
        for (uint256 i; i < ballots.length; ++i) {
            uint256 payout = Settlement.voterPayout(t, ballots[i], stake);
            uint256 expected = Rules.voterPayout(ballots, ballots[i], published, committed, stake);
            vm.assertEq(payout, expected, "a ballot is not paid as the protocol says");
            s.paid += payout;
        }
        (uint256 mask, uint256 included) = t.included();
        vm.assertEq(mask, Rules.included(ballots, published, committed), "included");
        s.awarded = Settlement.shareDown(pot, included) * included;
        vm.assertLe(s.awarded, pot, "shares exceed the pot");
        for (uint256 j; j < 16; ++j) {
            if ((published >> j) & 1 == 1) s.paid += Settlement.proposerPayout(t, j, proposerStake, pot, 0);
        }
        uint256 updates = Rules.ones(published);
        s.locks = updates * proposerStake + committed * stake;
        s.slashed = Settlement.slashedTotal(t, updates, updates, committed, proposerStake, stake);
        vm.assertEq(s.paid + s.slashed, s.locks + s.awarded, "I3: not conserved");
    }

    /// @dev All that reveal alike: the shortcut pays what the loop would, for every number of proposals.
    function testFuzz_unanimousIsTheLoop(
        uint96 stake,
        uint16 ballot,
        uint16 mask,
        uint16 voters,
        uint16 silent
    ) external pure {
        uint256 published = uint256(mask) | 1;
        uint256 count = uint256(voters) % Tallies.MAX_VOTERS + 1;
        uint256 committed = count + silent % Math.min(count, Tallies.MAX_VOTERS - count + 1);
        vm.assume(stake >= 16);
        uint256 word = (1 << 255) | (count << 224);
        for (uint256 j; j < 16; ++j) {
            if ((ballot & published) >> j & 1 == 1) word |= count << (14 * j);
        }
        Tally t = Tally.wrap(word).seal(published, committed, false);
        vm.assertTrue(t.isUnanimous(ballot & published), "unanimous");
        vm.assertEq(Settlement.voterPayout(t, ballot & published, stake), stake, "paid otherwise");
        uint256 other = (ballot & published) ^ (published & (~published + 1));
        vm.assertTrue(!t.isUnanimous(other), "another ballot is not");
        vm.assertEq(
            Settlement.voterPayout(t, other, stake), stake - stake / Rules.ones(published), "one bit lost"
        );
    }

    function _checkOne(Tally t, uint256 committed, uint256 revealed, uint256 yes, uint256 stake)
        private
        pure
    {
        uint256 forYes = Settlement.voterPayout(t, 1, stake);
        uint256 forNo = Settlement.voterPayout(t, 0, stake);
        uint256 paid = yes * forYes + (revealed - yes) * forNo;
        require(paid <= committed * stake, "more than was locked");
        uint256 no = revealed - yes;
        bool isRejected = 2 * no >= committed;
        uint256 slashed = Settlement.slashedTotal(t, 3, 1, committed, 7, stake);
        require(slashed + paid + (isRejected ? 0 : 7) == committed * stake + 21, "not conserved");
        uint256 back = Settlement.proposerPayout(t, 0, 7, 5, 0);
        require(back == (2 * yes > committed ? 12 : isRejected ? 0 : 7), "proposer");
        if (2 * yes > committed) require(forNo == 0 && forYes * yes <= revealed * stake, "yes");
        else if (2 * no > committed) require(forYes == 0, "no");
        else require(forYes == stake && forNo == stake, "neither");
    }

    function _checkPaper(uint256 p, uint256 ballots, uint256 yes) private pure {
        Tally t = _tally(p, ballots, yes).seal((1 << p) - 1, ballots, false);
        for (uint256 j; j < p; ++j) {
            uint256 paid = Settlement.proposerPayout(t, j, PROPOSER_STAKE, 5003, 0);
            require(paid == (2 * yes > ballots ? PROPOSER_STAKE + 5003 / p : 0), "Algorithm 1");
        }
        uint256 forYes = Settlement.voterPayout(t, (1 << p) - 1, STAKE);
        uint256 forNo = Settlement.voterPayout(t, 0, STAKE);
        if (2 * yes == ballots) require(forYes == STAKE && forNo == STAKE, "tie");
        else if (2 * yes > ballots) _checkVoters(p, ballots, yes, forYes, forNo);
        else _checkVoters(p, ballots, ballots - yes, forNo, forYes);
    }

    function _checkVoters(uint256 p, uint256 ballots, uint256 w, uint256 won, uint256 lost) private pure {
        uint256 paper = STAKE + (ballots - w) * STAKE / w;
        require(won <= paper + 2 * p && paper <= won + 2 * p, "Algorithm 2: majority");
        if (w != ballots) require(lost == STAKE % p, "Algorithm 2: minority");
    }

    function _tally(uint256 p, uint256 revealed, uint256 yes) private pure returns (Tally) {
        uint256 word = (1 << 255) | (revealed << 224);
        for (uint256 j; j < p; ++j) {
            word |= yes << (14 * j);
        }
        return Tally.wrap(word);
    }
}
