// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";

/// @title An ERC-1155 that anyone may mint and burn, for `herald dev` and the tests. Never deploy it for real.
/// @notice Nothing bounds the supply of an id: only the balance of one holder is held below 2^256.
contract HeraldItems is ERC1155 {
    string public name;

    constructor(string memory name_) ERC1155("") {
        name = name_;
    }

    /// Mints `amount` of `id` to `to`.
    function mint(address to, uint256 id, uint256 amount) external {
        _mint(to, id, amount, "");
    }

    /// Mints each of `ids` to `to`; an id may come twice.
    function mintBatch(address to, uint256[] calldata ids, uint256[] calldata amounts) external {
        _mintBatch(to, ids, amounts, "");
    }

    /// Burns `amount` of `id`, whoever asks.
    function burn(address from, uint256 id, uint256 amount) external {
        _burn(from, id, amount);
    }

    /// Burns each of `ids`, whoever asks; an id may come twice.
    function burnBatch(address from, uint256[] calldata ids, uint256[] calldata amounts) external {
        _burnBatch(from, ids, amounts);
    }

    /// Mints `amount` of `id` to `to` and burns it in the same transaction.
    function mintAndBurn(address to, uint256 id, uint256 amount) external {
        _mint(to, id, amount, "");
        _burn(to, id, amount);
    }
}
