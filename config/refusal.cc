// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/refusal.h"

#include <algorithm>
#include <array>
#include <string>

namespace ikelb::config {
namespace {

constexpr std::string_view no_source_translation =
    "source translation is refused: all clients would reach the servers from one address, and "
    "Windows limits the SAs of one address, so that further clients fail with error 809; remove "
    "this key and make ikelb the servers' default gateway";

/// Other products' names for source translation; without _ and -, lower case.
constexpr auto source_translation_keys = std::to_array<std::string_view>({
    "automap",     "dsnat",       "fnat",
    "fullnat",     "masq",        "masquerade",
    "snat",        "snatautomap", "snatip",
    "snatpool",    "snattranslation",
    "sourceaddresstranslation",   "sourceip",
    "sourcenat",   "sourcepool",  "srcnat",
    "subnetoriginating",          "translatesource",
    "transparent", "useforsnat",  "useproxyport",
    "usesourceip", "usip",
});

}  // namespace

std::string_view refusal_of_key(std::string_view typed_key) {
    std::string plain;
    for (const char c : typed_key)
        if (c != '_' && c != '-' && c != ' ')
            plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto& refused = source_translation_keys;
    const bool is_refused = std::find(refused.begin(), refused.end(), plain) != refused.end();
    return is_refused ? no_source_translation : std::string_view{};
}

}  // namespace ikelb::config
