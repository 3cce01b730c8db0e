// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ProtocolInvariants} from "../invariants/ProtocolInvariants.sol";
import {Presets} from "../support/Presets.sol";

/// @title Sequences
/// @notice Sequences that once broke a property, kept for ever. Foundry prints a failing one as code: paste it into a
/// test here, with `handler` in place of `Handler(0x…)` and without the pranks, under the preset it was found with.
abstract contract Sequences is ProtocolInvariants {
    modifier thenCheck() {
        _;
        handler.check();
        this.afterInvariant();
    }
}

contract TinySequences is Sequences {
    function setUp() external {
        _setUp(Presets.tiny());
    }

    /// @dev Found with `closeRound` broken on purpose so that awards were never taken out of the pool: I3 fell.
    function test_awardsLeaveThePool() external thenCheck {
        handler.playOn(94);
        handler.playOn(1068411553017195113382568000851972251187009842182674293820);
        handler.playOn(7819644227996614955382091239773890017676048258825042341454477670075485);
    }
}

contract GuardedSequences is Sequences {
    function setUp() external {
        _setUp(Presets.guarded());
    }

    /// @dev Found by a long campaign, a fault of the handlers: what an operator signed for "another client" was for the
    /// client itself where the two are neighbours among the actors, and was rightly accepted.
    function test_anotherClientIsNeverTheClient() external thenCheck {
        handler.playOn(11139888334607410964395335133552740183646781244279);
        handler.requestExit(3100506018050477569363453300411087319158686507940832471249462182);
        handler.requestExit(6739);
        handler.playOn(27026986537722324868907527545090991128756574);
        handler.requestExit(93);
        handler.playOn(11204560327268204056543449502898669285381585120420925675);
        handler.join(10037630223867501119975938415713694386195487674073);
        handler.setOperator(60117626321197728431728874039526472352939325, 17560802230979669);
        handler.join(20);
        handler.playOn(37964);
        handler.playOn(904434518091471689730119728808403291);
        handler.playOn(27295071418699366791903203618);
        handler.playOn(4604908311153831195189607451556280903669635585950177146323239812394528118754);
        handler.playOn(115792089237316195423570985008687907853269984665640564039457584007913129639935);
        handler.proposeBySig(
            115792089237316195423570985008687907853269984665640564039457584007913129639933,
            47492799345787007563225274644846522772039
        );
    }
}
