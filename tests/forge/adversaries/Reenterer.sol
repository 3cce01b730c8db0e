// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHooked} from "./HostileToken.sol";

/// @title Reenterer
/// @notice A client that makes one more call whenever tokens move, and keeps what became of it.
contract Reenterer is IHooked {
    address private _target;
    bytes private _call;
    bool public tried;
    bool public done;

    function arm(address target, bytes calldata call_) external {
        (_target, _call, tried, done) = (target, call_, false, false);
    }

    function act(address target, bytes calldata call_) external {
        (bool ok, bytes memory result) = target.call(call_);
        if (!ok) {
            assembly {
                revert(add(result, 0x20), mload(result))
            }
        }
    }

    function onTransfer() external {
        if (tried || _target == address(0)) return;
        tried = true;
        (done,) = _target.call(_call);
    }
}
