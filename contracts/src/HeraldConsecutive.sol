// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Consecutive} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Consecutive.sol";
import {HeraldCollectible} from "./HeraldCollectible.sol";

/// @title A collectible whose first tokens come in ranges (ERC-2309), for `herald dev` and the tests.
/// @notice The ranges begin at id 0 and follow one another; whatever comes later is a single token.
contract HeraldConsecutive is HeraldCollectible, ERC721Consecutive {
    /// Mints `counts[i]` tokens to `owners[i]`, each in one range of 5,000 at most.
    constructor(string memory name_, string memory symbol_, address[] memory owners, uint96[] memory counts)
        HeraldCollectible(name_, symbol_)
    {
        uint256 next = 0;
        for (uint256 i = 0; i < owners.length; i++) {
            _mintConsecutive(owners[i], counts[i]);
            next += counts[i];
        }
        nextId = next;
    }

    function _ownerOf(uint256 id) internal view override(ERC721, ERC721Consecutive) returns (address) {
        return ERC721Consecutive._ownerOf(id);
    }

    function _update(address to, uint256 id, address auth)
        internal
        override(ERC721, ERC721Consecutive)
        returns (address)
    {
        return ERC721Consecutive._update(to, id, auth);
    }
}
