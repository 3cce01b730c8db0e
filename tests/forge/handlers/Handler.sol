// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRelay} from "../../../contracts/interfaces/IRelay.sol";
import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {vm} from "../support/Vm.sol";
import {Calls} from "./Calls.sol";
import {Properties} from "./Properties.sol";
import {SignedCalls} from "./SignedCalls.sol";

/// @title Handler
/// @notice Every public call of the contracts, by anyone, at any time; here those that anyone may make, and the clock.
contract Handler is SignedCalls, Properties {
    constructor(IRoundManager.Parameters memory parameters) Calls(parameters) Properties(parameters) {
        relay = IRelay(vm.deployCode("Relay.sol:Relay", abi.encode(manager)));
        vm.recordLogs();
        for (uint256 i; i < 8; ++i) {
            uint256 amount = uint256(parameters.bond) * (4 + i % 3) / 4;
            _deposit(actors[i], amount);
            clients[actors[i]].free = amount;
            _join(actors[i]);
            _joined(actors[i]);
        }
        logs.read(vm.getRecordedLogs());
    }

    /// @notice What a campaign may call; the clock, and playing on again, last.
    function calls() external pure returns (bytes4[] memory selectors, string[] memory names) {
        selectors = new bytes4[](32);
        names = new string[](28);
        (selectors[0], names[0]) = (this.deposit.selector, "deposit");
        (selectors[1], names[1]) = (this.depositWithPermit.selector, "depositWithPermit");
        (selectors[2], names[2]) = (this.donate.selector, "donate");
        (selectors[3], names[3]) = (this.join.selector, "join");
        (selectors[4], names[4]) = (this.requestExit.selector, "requestExit");
        (selectors[5], names[5]) = (this.withdraw.selector, "withdraw");
        (selectors[6], names[6]) = (this.trespass.selector, "trespass");
        (selectors[7], names[7]) = (this.propose.selector, "propose");
        (selectors[8], names[8]) = (this.publish.selector, "publish");
        (selectors[9], names[9]) = (this.commitBallot.selector, "commitBallot");
        (selectors[10], names[10]) = (this.revealBallot.selector, "revealBallot");
        (selectors[11], names[11]) = (this.playPhase.selector, "playPhase");
        (selectors[12], names[12]) = (this.openRound.selector, "openRound");
        (selectors[13], names[13]) = (this.draw.selector, "draw");
        (selectors[14], names[14]) = (this.markAbsent.selector, "markAbsent");
        (selectors[15], names[15]) = (this.finalise.selector, "finalise");
        (selectors[16], names[16]) = (this.settle.selector, "settle");
        (selectors[17], names[17]) = (this.reanchor.selector, "reanchor");
        (selectors[18], names[18]) = (this.playOn.selector, "playOn");
        (selectors[19], names[19]) = (this.proposeBySig.selector, "proposeBySig");
        (selectors[20], names[20]) = (this.publishFor.selector, "publishFor");
        (selectors[21], names[21]) = (this.commitBallotBySig.selector, "commitBallotBySig");
        (selectors[22], names[22]) = (this.revealBallotFor.selector, "revealBallotFor");
        (selectors[23], names[23]) = (this.relayAll.selector, "relayAll");
        (selectors[24], names[24]) = (this.setOperator.selector, "setOperator");
        (selectors[25], names[25]) = (this.depositFor.selector, "depositFor");
        (selectors[26], names[26]) = (this.sweep.selector, "sweep");
        (selectors[27], names[27]) = (this.fund.selector, "fund");
        selectors[28] = this.pass.selector;
        selectors[29] = this.passToDeadline.selector;
        selectors[30] = this.passBlocks.selector;
        selectors[31] = this.playOn.selector; // Once more, for nothing else ends as many rounds.
    }

    /* CALLS OF ANYONE */

    function openRound() public recorded {
        bool allowed = _mayOpen();
        try manager.openRound() {
            _accept(this.openRound.selector, allowed);
            _opened();
        } catch (bytes memory reason) {
            _refuse(this.openRound.selector, allowed, reason);
        }
    }

    function reanchor(uint256 how) external recorded {
        // The last block that draws, or the first that replaces the anchor.
        if (how % 4 == 0 && ghostPhase() == IRoundManager.Phase.Draw) {
            vm.roll(round.anchor + 256 + (how >> 8) % 2);
        }
        bool allowed = ghostPhase() == IRoundManager.Phase.Draw && vm.getBlockNumber() > round.anchor + 256;
        try manager.reanchor() {
            _accept(this.reanchor.selector, allowed);
            round.anchor = vm.getBlockNumber() + p.seedDelay;
        } catch (bytes memory reason) {
            _refuse(this.reanchor.selector, allowed, reason);
        }
    }

    function draw(uint256 how) public recorded {
        if (how % 4 != 0 && vm.getBlockNumber() <= round.anchor) vm.roll(round.anchor + 1);
        // Blocks beside the first and the last that draw.
        uint256[4] memory edges = [uint256(0), 1, 256, 257];
        if (how % 8 == 0 && ghostPhase() == IRoundManager.Phase.Draw) {
            vm.roll(round.anchor + edges[(how >> 8) % 4]);
        }
        bool allowed = _mayDraw();
        try manager.draw("") {
            _accept(this.draw.selector, allowed);
            _drawn();
        } catch (bytes memory reason) {
            _refuse(this.draw.selector, allowed, reason);
        }
    }

    function markAbsent(uint256 who) public recorded {
        address a = _pick(who, _mayMarkAbsent);
        bool allowed = _mayMarkAbsent(a);
        try manager.markAbsent(a) {
            _accept(this.markAbsent.selector, allowed);
            _markedAbsent(a);
        } catch (bytes memory reason) {
            _refuse(this.markAbsent.selector, allowed, reason);
        }
    }

    function finalise() public recorded {
        bool allowed = _mayFinalise();
        try manager.finalise() {
            _accept(this.finalise.selector, allowed);
            ++roundsFinalised;
            bytes32 before = ghostModel;
            _finalised();
            if (ghostModel != before) ++roundsDecided;
        } catch (bytes memory reason) {
            _refuse(this.finalise.selector, allowed, reason);
        }
    }

    function settle(uint256 who) external recorded {
        address a = _pick(who, _isPayable);
        uint256 number = (who >> 16) % 8 == 0 ? round.number : clients[a].round;
        bool allowed = _maySettle(a, number);
        try manager.settle(number, a) {
            _accept(this.settle.selector, allowed);
            _settled(a);
        } catch (bytes memory reason) {
            _refuse(this.settle.selector, allowed, reason);
        }
    }

    /// @dev Between rounds, now and then, at the first second or the last before it.
    function sweep(uint256 how) external recorded {
        if (how % 8 == 0 && !round.open && vm.getBlockTimestamp() < _sweepableAt()) {
            vm.warp(_sweepableAt() - (how >> 8) % 2);
        }
        bool allowed = _maySweep();
        try manager.sweep() {
            _accept(this.sweep.selector, allowed);
            vm.assertEq(
                token.balanceOf(p.treasury), ghostSwept += ghostPool + ghostBudget, "another sum was swept"
            );
            (ghostPool, ghostBudget) = (0, 0);
        } catch (bytes memory reason) {
            _refuse(this.sweep.selector, allowed, reason);
        }
    }

    /// @dev What a keeper and willing clients do, a few steps of it: without this hardly a sequence would end a round.
    function playOn(uint256 how) external recorded {
        for (uint256 steps = how % 8; steps != 0; --steps) {
            how = uint256(keccak256(abi.encode(how)));
            IRoundManager.Phase phase = ghostPhase();
            if (phase == IRoundManager.Phase.Idle) _openInTime();
            else if (phase == IRoundManager.Phase.Draw) draw(1);
            else if (phase != IRoundManager.Phase.Close) playPhase(how);
            else if (_mayFinalise()) finalise();
            else if (how % 2 == 0) markAbsent(1);
            if (phase == ghostPhase()) passToDeadline(how >> 8);
        }
        ++accepted[this.playOn.selector];
    }

    function _openInTime() private {
        uint256 opensAt = round.drawnAt + p.interval;
        if (vm.getBlockTimestamp() < opensAt) vm.warp(opensAt);
        openRound();
    }

    /* CLOCK */

    function pass(uint256 time) external recorded {
        vm.warp(vm.getBlockTimestamp() + time % p.publishFor);
        vm.roll(vm.getBlockNumber() + 1);
    }

    /// @dev To the next deadline, or a second before it.
    function passToDeadline(uint256 how) public recorded {
        uint256 next = round.drawnAt;
        uint32[5] memory spans = [p.proposeFor, p.publishFor, p.voteFor, p.revealFor, p.markFor];
        for (uint256 i; i < spans.length && next <= vm.getBlockTimestamp(); ++i) {
            next += spans[i];
        }
        if (next <= vm.getBlockTimestamp()) next = round.drawnAt + p.interval;
        if (next <= vm.getBlockTimestamp()) next = vm.getBlockTimestamp() + p.unbonding / 2;
        vm.warp(how % 4 == 0 ? next - 1 : next);
        vm.roll(vm.getBlockNumber() + 1);
    }

    /// @dev Beyond what the chain remembers.
    function passBlocks(uint256 how) external recorded {
        if (how % 4 == 0) vm.roll(vm.getBlockNumber() + 250 + (how >> 8) % 20);
    }
}
