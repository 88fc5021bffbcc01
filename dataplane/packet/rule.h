// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ikelb::pipeline {

// What decided where a client's datagram goes. The name is the metric label and the word that
// `ikelbctl explain` prints.
// clang-format off
#define IKELB_RULES(X) \
    X(label,      "the SPI carries the backend's own label") \
    X(pair,       "the backend has answered under this pair of IKE SPIs") \
    X(flow,       "the backend speaks at this client address and port, or has answered there") \
    X(esp_client, "the client's ESP SPI is known") \
    X(esp_spi,    "the ESP SPI is known from another address or port") \
    X(binding,    "the client address is bound to the backend") \
    X(half_open,  "the choice made for this client address and SPIi a moment ago") \
    X(schedule,   "no record: the scheduler chose")
// clang-format on

enum class Rule : std::uint8_t {
#define IKELB_RULE_ENUM(name, help) name,
    IKELB_RULES(IKELB_RULE_ENUM)
#undef IKELB_RULE_ENUM
        none,
};
inline constexpr std::size_t rule_count = static_cast<std::size_t>(Rule::none);

struct RuleInfo {
    std::string_view name;
    std::string_view help;
};

inline constexpr std::array<RuleInfo, rule_count> rule_infos{{
#define IKELB_RULE_INFO(name, help) {#name, help},
    IKELB_RULES(IKELB_RULE_INFO)
#undef IKELB_RULE_INFO
}};

constexpr const RuleInfo& info(Rule rule) noexcept {
    return rule_infos[static_cast<std::size_t>(rule)];
}

}  // namespace ikelb::pipeline
