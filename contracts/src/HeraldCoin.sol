// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title An ERC-20 that anyone may mint, for the tests: its `Transfer` is no transfer of an NFT.
contract HeraldCoin is ERC20 {
    constructor() ERC20("Herald Coin", "COIN") {}

    /// Mints `amount` to `to`.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// Burns `amount` of the caller's.
    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
    }
}
