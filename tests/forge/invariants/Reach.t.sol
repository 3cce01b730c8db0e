// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {Handler} from "../handlers/Handler.sol";
import {MemberCalls} from "../handlers/MemberCalls.sol";
import {SeatCalls} from "../handlers/SeatCalls.sol";
import {SignedCalls} from "../handlers/SignedCalls.sol";
import {Presets} from "../support/Presets.sol";
import {vm} from "../support/Vm.sol";

/// @notice Sequences like those of the campaigns, from a fixed seed, counted: invariants that nothing reaches hold for
/// nothing.
contract Reach {
    uint256 private constant SEQUENCES = 45;
    uint256 private constant CALLS = 128;

    event CallsOf(string name, uint256 accepted, uint256 refused);
    event RoundsOf(uint256 finalised, uint256 decided);

    mapping(uint256 call => uint256) private _accepted;
    mapping(uint256 call => uint256) private _refused;
    uint256 private _finalised;
    uint256 private _decided;

    function test_everyCallIsAcceptedAndRefusedSomewhere() external {
        for (uint256 i; i < SEQUENCES; ++i) {
            _play(i % 3 == 0 ? Presets.paper() : i % 3 == 1 ? Presets.guarded() : Presets.tiny(), i);
        }
        (bytes4[] memory selectors, string[] memory names) = new Handler(Presets.paper()).calls();
        for (uint256 k; k < names.length; ++k) {
            emit CallsOf(names[k], _accepted[k], _refused[k]);
            vm.assertTrue(_accepted[k] != 0, string.concat("never accepted: ", names[k]));
            vm.assertTrue(
                _refused[k] != 0 || !_canBeRefused(selectors[k]), string.concat("never refused: ", names[k])
            );
        }
        emit RoundsOf(_finalised, _decided);
        vm.assertLe(2 * SEQUENCES, _finalised, "two rounds a sequence");
        vm.assertLe(SEQUENCES, _decided, "one that includes something");
    }

    function _play(IRoundManager.Parameters memory p, uint256 seed) private {
        Handler handler = new Handler(p);
        (bytes4[] memory selectors, string[] memory names) = handler.calls();
        for (uint256 i; i < CALLS; ++i) {
            uint256 chance = uint256(keccak256(abi.encode(seed, i)));
            bytes4 selector = selectors[chance % selectors.length];
            (bool done,) = address(handler)
                .call(
                    abi.encodePacked(
                        selector, keccak256(abi.encode(chance, 1)), keccak256(abi.encode(chance, 2))
                    )
                );
            vm.assertTrue(done, "a handler reverts");
        }
        handler.check();
        for (uint256 k; k < names.length; ++k) {
            _accepted[k] += handler.accepted(selectors[k]);
            _refused[k] += handler.refused(selectors[k]);
        }
        _finalised += handler.roundsFinalised();
        _decided += handler.roundsDecided();
    }

    /// @dev These count what they did otherwise.
    function _canBeRefused(bytes4 selector) private pure returns (bool) {
        return selector != MemberCalls.donate.selector && selector != MemberCalls.trespass.selector
            && selector != SeatCalls.playPhase.selector && selector != SignedCalls.relayAll.selector
            && selector != Handler.playOn.selector && selector != MemberCalls.setOperator.selector;
    }
}
