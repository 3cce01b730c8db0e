// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Ledger} from "../../../contracts/libraries/Ledger.sol";
import {Tally} from "../../../contracts/libraries/Tallies.sol";
import {Rules} from "../support/Rules.sol";
import {vm} from "../support/Vm.sol";
import {Calls} from "./Calls.sol";

/// @title Properties
/// @notice Those of the protocol's properties I1 to I15 that are statements about every state. Beside the ghost, whose
/// fields they compare with the contracts': asking for them from outside costs most of a campaign.
abstract contract Properties is Calls {
    uint256 private constant EMPTY_TALLY = 1 << 255;

    bytes32 private immutable _PARAMETERS_DIGEST;

    /// @notice Thrown when a property does not hold.
    error Broken(string what, uint256 found, uint256 expected);

    /// @notice Thrown to undo what was only tried.
    error TriedOnly();

    constructor(IRoundManager.Parameters memory parameters) {
        _PARAMETERS_DIGEST = keccak256(abi.encode(parameters));
    }

    /// @notice After each call: one that was refused, or was only the clock's, left accounts and members as they were found
    /// after the one before.
    function checkLastCall() external {
        if (isChanged) check();
        else _checkRound();
    }

    /// @notice Reverts {Broken} for the first property that does not hold now.
    function check() public {
        _checkCustody();
        _checkRound();
        _checkMembers();
        _checkConstants();
        _checkExcessCanLeave();
    }

    /// @dev I1, I2, I3, I8, I11: each account is what the rules say, and what the logs say, and the sum is in custody.
    function _checkCustody() private view {
        uint256 free;
        uint256 escrow;
        uint256[] memory logged = logs.freeOf(actors);
        for (uint256 i; i < actors.length; ++i) {
            address a = actors[i];
            Member storage m = clients[a];
            Ledger.Account memory account = manager.accountOf(a);
            _same(account.free, m.free, "I8: free tokens are not what the rules leave");
            _same(account.free, logged[i], "I11: free tokens are not what the logs say");
            _same(account.releaseAt, m.releaseAt, "unbonding ends at another time");
            uint256 held = manager.escrowOf(a);
            _same(held, _isLocked(a) ? m.lock : m.due, "I3: escrow is not what the rules hold");
            free += account.free;
            escrow += held;
        }
        uint256 rewards = manager.rewardPool();
        _same(rewards, ghostPool, "I3: pool is not what the rules leave");
        _same(rewards, logs.rewardPool(), "I11: pool is not what the logs say");
        _same(manager.budget(), ghostBudget, "I18: the budget is not what rewards and sweeps leave");
        _same(manager.budget(), logs.budget(), "I11: budget is not what the logs say");
        _same(escrow, logs.escrow(), "I11: escrow is not what the logs say");
        _same(escrow, ghostEscrow, "I3: escrow is not all that is locked and due");
        _same(
            free + escrow + rewards + ghostBudget + ghostDonated,
            token.balanceOf(address(pool)),
            "I1: tokens in custody are not all accounted for"
        );
    }

    /// @dev I7, I10: phase, counters, tally and model are those of the votes that were counted once.
    function _checkRound() private view {
        Round storage r = round;
        IRoundManager.RoundState memory h = manager.head();
        uint256 lanes = Tally.unwrap(manager.tally());
        _same(uint256(manager.phase()), uint256(ghostPhase()), "another phase");
        _same(uint256(manager.model()), uint256(ghostModel), "I10: model without inclusion");
        _same(h.round, r.number, "another round");
        if (!r.open) {
            _same(lanes, EMPTY_TALLY, "a tally between rounds");
            return;
        }
        _same(manager.record(h.round).pot, r.pot, "pot changed");
        _same(h.members, r.members, "members of the round changed");
        _same(h.updates, r.updates, "updates");
        _same(h.published, r.published, "published");
        _same(h.ballots, r.committed, "ballots");
        _same(h.absentProposers, r.proposers - r.openProposers - r.updates, "absent proposers");
        _same(h.absentVoters, r.voters - r.openVoters - r.committed, "absent voters");

        uint256[] memory counted = ballots;
        lanes ^= EMPTY_TALLY;
        for (uint256 j; j < 16; ++j) {
            _same((lanes >> (14 * j)) & 0x3fff, Rules.votes(counted, j), "I7: votes");
        }
        _same(lanes >> 224, ballots.length, "I7: ballots revealed");
    }

    /// @dev The roster is dense, and nobody's seat of the open round changes.
    function _checkMembers() private view {
        uint256 places;
        for (uint256 i; i < actors.length; ++i) {
            address a = actors[i];
            Member storage m = clients[a];
            IRoundManager.ClientState memory c = manager.clientOf(a);
            require(c.isMember == m.isMember, Broken("membership", c.place, 0));
            require((c.place == type(uint24).max) == m.removed, Broken("removal", c.place, 0));
            _same(c.strikes, m.strikes, "strikes");
            _same(uint256(c.seat), uint256(m.seat), "I2: seat");
            _same(uint160(manager.operatorOf(a)), uint160(m.operator), "I17: another operator");
            if (round.open && round.drawnAt != 0) _same(manager.positionOf(a), m.position, "I7: seat moved");
            if (!m.isMember) continue;
            _same(uint160(manager.memberAt(c.place - 1)), uint160(a), "place");
            places |= 1 << c.place;
        }
        _same(manager.memberCount(), ghostMembers, "members");
        _same(places, (2 << ghostMembers) - 2, "the roster has a hole");
    }

    /// @dev I9.
    function _checkConstants() private view {
        bytes32 digest = keccak256(abi.encode(manager.parameters()));
        _same(uint256(digest), uint256(_PARAMETERS_DIGEST), "I9: parameters changed");
        _same(uint160(address(manager.POOL())), uint160(address(pool)), "I9: pool changed");
        _same(uint160(address(pool.MANAGER())), uint160(address(manager)), "I9: manager changed");
        _same(uint160(address(pool.TOKEN())), uint160(address(token)), "I9: token changed");
    }

    /// @dev I5, the first half: one member every fourth second, for it is dear.
    function _checkExcessCanLeave() private {
        uint256 members = manager.memberCount();
        uint256 time = vm.getBlockTimestamp();
        if (members == 0 || time % 4 != 0) return;
        address a = manager.memberAt((time / 4) % members);
        uint256 free = manager.accountOf(a).free;
        if (free <= p.bond) return;

        try this.tryWithdrawal(a, free - p.bond) {}
        catch (bytes memory reason) {
            require(bytes4(reason) == TriedOnly.selector, Broken("I5: excess cannot leave", free, p.bond));
        }
    }

    /// @notice Withdraws, and takes it back by reverting: dearer rollbacks need a copy of the state.
    function tryWithdrawal(address a, uint256 amount) external {
        vm.prank(a);
        manager.withdraw(amount);
        revert TriedOnly();
    }

    function _same(uint256 found, uint256 expected, string memory what) private pure {
        require(found == expected, Broken(what, found, expected));
    }
}
