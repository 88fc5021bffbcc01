// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "config/config.h"
#include "config/load.h"
#include "config/validate.h"

namespace ikelb::config::testing {

/// The smallest configuration without a warning; tests change pieces of it. Lines matter.
inline constexpr std::string_view good_yaml =
    "ports:\n"                                                             // 1
    "  - {name: wan, device: 'net_af_xdp0,iface=eth1'}\n"                  // 2
    "  - {name: lan, device: '0000:04:00.0'}\n"                            // 3
    "interfaces:\n"                                                        // 4
    "  - {name: ext, port: wan, addresses: [198.51.100.1/24], side: clients}\n"  // 5
    "  - {name: int, port: lan, addresses: [10.20.0.1/24], side: servers}\n"     // 6
    "pools:\n"                                                             // 7
    "  - name: rras\n"                                                     // 8
    "    backends:\n"                                                      // 9
    "      - {name: rras1, address: 10.20.0.11}\n"                         // 10
    "      - {name: rras2, address: 10.20.0.12}\n"                         // 11
    "services:\n"                                                          // 12
    "  - {name: aovpn, vip: 203.0.113.10, interface: ext, pool: rras}\n";  // 13

/// good_yaml with the first occurrence of a text replaced; the text has to be there.
inline std::string with(std::string_view text, std::string_view replacement,
                        std::string yaml = std::string{good_yaml}) {
    const std::size_t at = yaml.find(text);
    EXPECT_NE(at, std::string::npos) << text;
    if (at == std::string::npos) return yaml;
    return yaml.replace(at, text.size(), replacement);
}

/// good_yaml, line by line in IPv6.
inline std::string ipv6() {
    return with("198.51.100.1/24", "2001:db8:100::1/64",
                with("10.20.0.1/24", "fd00:20::1/64",
                     with("10.20.0.11", "fd00:20::11",
                          with("10.20.0.12", "fd00:20::12",
                               with("203.0.113.10", "2001:db8:200::10")))));
}

/// good_yaml with lines added at its end.
inline std::string with_added(std::string_view lines) {
    return std::string{good_yaml} + std::string{lines};
}

inline Config parse_good(std::string_view yaml) {
    const ConfigResult<Config> parsed = parse_text(yaml, "t.yaml");
    EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().to_string());
    return parsed ? *parsed : Config{};
}

/// All errors of the parser; none if the text parses.
inline Findings parse_errors(std::string_view yaml) {
    const ConfigResult<Config> parsed = parse_text(yaml, "t.yaml");
    return parsed ? Findings{} : parsed.error();
}

/// What the parser says of a text, or validate() where it parses.
inline Findings findings_of(std::string_view yaml) {
    const ConfigResult<Config> parsed = parse_text(yaml, "t.yaml");
    return parsed ? validate(*parsed, "t.yaml") : parsed.error();
}

/// The text as the only finding: "t.yaml:5: error: ports[0].mtu: ..." may be cut at its end.
inline void expect_only(const Findings& findings, std::string_view start) {
    ASSERT_EQ(findings.list.size(), 1u) << findings.to_string();
    EXPECT_EQ(findings.list[0].to_string().substr(0, start.size()), start);
}

/// A finding that starts like this is among them.
inline void expect_among(const Findings& findings, std::string_view start) {
    for (const Finding& finding : findings.list)
        if (finding.to_string().starts_with(start)) return;
    ADD_FAILURE() << "no finding starts with: " << start << "\n" << findings.to_string();
}

}  // namespace ikelb::config::testing
