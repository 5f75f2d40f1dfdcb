// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Emits any log at all, for tests of what a hostile contract can send.
contract LogForge {
    error TooManyTopics(uint256 count);

    /// Emits one log with these topics (four at most) and this data, byte for byte.
    function emitRaw(bytes32[] calldata topics, bytes calldata data) external {
        uint256 count = topics.length;
        if (count > 4) revert TooManyTopics(count);
        assembly ("memory-safe") {
            let at := mload(0x40)
            let size := data.length
            calldatacopy(at, data.offset, size)
            let t := topics.offset
            switch count
            case 0 { log0(at, size) }
            case 1 { log1(at, size, calldataload(t)) }
            case 2 { log2(at, size, calldataload(t), calldataload(add(t, 0x20))) }
            case 3 { log3(at, size, calldataload(t), calldataload(add(t, 0x20)), calldataload(add(t, 0x40))) }
            default {
                log4(
                    at,
                    size,
                    calldataload(t),
                    calldataload(add(t, 0x20)),
                    calldataload(add(t, 0x40)),
                    calldataload(add(t, 0x60))
                )
            }
        }
    }
}
