// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Aliases of backends, one for each further VIP: how they are read and listed, one test a rule.

#include "config/diff.h"
#include "config/text/address.h"
#include "tests/unit/config_testlib.h"

namespace ikelb::config {
namespace {

using testing::expect_among;
using testing::expect_only;
using testing::findings_of;
using testing::parse_errors;
using testing::parse_good;
using testing::with;

/// good_yaml with a second service over the pool, on line 14. rras1 has these aliases on line 10,
/// rras2 one of its own on line 11.
std::string with_aliases(std::string_view of_first) {
    return with("address: 10.20.0.11}", "address: 10.20.0.11, aliases: [" + std::string{of_first} +
                                            "]}",
                with("address: 10.20.0.12}",
                     "address: 10.20.0.12, aliases: [{service: b, address: 10.20.0.112}]}",
                     testing::with_added(
                         "  - {name: b, vip: 203.0.113.11, interface: ext, pool: rras}\n")));
}

const std::string good = with_aliases("{service: b, address: 10.20.0.111}");

TEST(ConfigAlias, IsReadAndFindsNothingWrong) {
    const Config config = parse_good(good);
    const Backend& backend = config.pools[0].backends[0];
    ASSERT_EQ(backend.aliases.size(), 1u);
    EXPECT_EQ(backend.aliases[0].service, "b");
    EXPECT_EQ(backend.aliases[0].address, *text::parse_address("10.20.0.111"));
    EXPECT_EQ(backend.aliases[0].line.number, 10);
    EXPECT_EQ(backend.addresses(), (std::vector{backend.address, backend.aliases[0].address}));
    EXPECT_TRUE(findings_of(good).list.empty()) << findings_of(good).to_string();
    EXPECT_TRUE(parse_good(testing::good_yaml).pools[0].backends[0].aliases.empty());
}

TEST(ConfigAlias, MayStandForEveryServiceOfThePool) {
    const Findings findings = findings_of(with_aliases(
        "{service: aovpn, address: 10.20.0.121}, {service: b, address: 10.20.0.111}"));
    EXPECT_TRUE(findings.list.empty()) << findings.to_string();
}

TEST(ConfigAlias, NeedsBothKeysAndTakesNoOther) {
    expect_among(parse_errors(with_aliases("{service: b}")),
                 "t.yaml:10: error: pools[0].backends[0].aliases[0].address: ");
    expect_among(parse_errors(with_aliases("{address: 10.20.0.111}")),
                 "t.yaml:10: error: pools[0].backends[0].aliases[0].service: ");
    expect_among(parse_errors(with_aliases("{service: b, adress: 10.20.0.111}")),
                 "t.yaml:10: error: pools[0].backends[0].aliases[0].adress: unknown key; "
                 "did you mean address?");
}

TEST(ConfigAlias, AChangeIsLiveAndNamedByServerAndService) {
    const Diff added = diff(parse_good(with_aliases("")), parse_good(good));
    EXPECT_FALSE(added.needs_restart());
    EXPECT_EQ(added.to_string(),
              "pools[rras].backends[rras1].aliases[b]: added {service: b, address: 10.20.0.111}\n");
    EXPECT_EQ(diff(parse_good(good),
                   parse_good(with_aliases("{service: b, address: 10.20.0.113}")))
                  .to_string(),
              "pools[rras].backends[rras1].aliases[b].address: 10.20.0.111 -> 10.20.0.113\n");
}

TEST(ConfigAlias, NamesAServiceThatThereIs) {
    expect_among(findings_of(with_aliases("{service: aovpm, address: 10.20.0.111}")),
                 "t.yaml:10: error: pools[0].backends[0].aliases[0].service: there is no service "
                 "'aovpm' (did you mean aovpn?)");
}

TEST(ConfigAlias, IsOfAServiceThatUsesThePool) {
    const std::string yaml =
        with("services:\n",
             "  - name: other\n    backends: [{name: o, address: 10.20.0.13}]\nservices:\n",
             with("203.0.113.11, interface: ext, pool: rras", "203.0.113.11, interface: ext, "
                                                              "pool: other",
                  with_aliases("")));
    expect_only(findings_of(yaml),
                "t.yaml:11: error: pools[0].backends[1].aliases[0].service: the service 'b' uses "
                "the pool 'other', not 'rras'; write the alias at the backends of 'other', or a "
                "service that uses this pool");
}

TEST(ConfigAlias, IsOfTheFamilyOfItsVip) {
    expect_among(findings_of(with_aliases("{service: b, address: 'fd00:20::111'}")),
                 "t.yaml:10: error: pools[0].backends[0].aliases[0].address: fd00:20::111 and the "
                 "VIP of 'b' (203.0.113.11) are of two families, and nothing is translated between "
                 "them; write an IPv4 address of the server");
}

TEST(ConfigAlias, StandsOnceForAService) {
    expect_only(findings_of(with_aliases(
                    "{service: b, address: 10.20.0.111}, {service: b, address: 10.20.0.113}")),
                "t.yaml:10: error: pools[0].backends[0].aliases[1].service: 'b' has the alias "
                "10.20.0.111 here already; write each service once");
}

TEST(ConfigAlias, IsNobodyElsesAddress) {
    const auto finding = [](std::string_view address) {
        return findings_of(
            with_aliases("{service: b, address: " + std::string{address} + "}"));
    };
    const std::string at = ": error: pools[0].backends[0].aliases[0].address: ";
    expect_only(finding("10.20.0.11"),
                "t.yaml:10" + at + "the backend 'rras1' has 10.20.0.11 already; write another "
                                   "address of the server, or leave the alias out");
    expect_only(finding("10.20.0.12"),
                "t.yaml:11: error: pools[0].backends[1].address: 10.20.0.12 is an address of the "
                "backend 'rras1'; a server stands in one pool once");
    expect_only(finding("10.20.0.112"),
                "t.yaml:11: error: pools[0].backends[1].aliases[0].address: 10.20.0.112 is an "
                "address of the backend 'rras1'");
    expect_among(finding("203.0.113.11"),
                 "t.yaml:10" + at + "203.0.113.11 is the VIP of the service 'b'; write the "
                                    "server's own address");
    expect_only(finding("10.20.0.1"),
                "t.yaml:10" + at + "10.20.0.1 is ikelb's own address on 'int'; write the server's");
    expect_among(finding("127.0.0.1"),
                 "t.yaml:10" + at + "127.0.0.1 is no address a server can have");
}

TEST(ConfigAlias, IsReachedOnTheServersSide) {
    expect_only(findings_of(with_aliases("{service: b, address: 198.51.100.50}")),
                "t.yaml:10: error: pools[0].backends[0].aliases[0].address: 198.51.100.50 is in "
                "the subnet of 'ext', which leads to the clients");
    expect_only(findings_of(with_aliases("{service: b, address: 10.99.0.50}")),
                "t.yaml:10: warning: pools[0].backends[0].aliases[0].address: 10.99.0.50 is in no "
                "subnet of an interface and no route leads there");
}

TEST(ConfigAlias, SeveralVipsOverOneAddressAreWarnedOf) {
    expect_only(
        findings_of(with_aliases("")),
        "t.yaml:14: warning: services[1].pool: the pool 'rras' serves 'aovpn' as well, and "
        "one address of 'rras1' is for both: an answer of which no flow or SA is recorded "
        "can't be given a VIP and is dropped, and an unknown source that logs in at the other VIP "
        "with a client's address may turn that client's answers there; write an alias of "
        "each server for one of the two (pools[].backends[].aliases)");
    const std::string third =
        good + "  - {name: c, vip: 203.0.113.12, interface: ext, pool: rras}\n";
    expect_only(findings_of(third), "t.yaml:15: warning: services[2].pool: the pool 'rras' serves "
                                    "'aovpn' as well, and one address of 'rras1', 'rras2' is");
}

}  // namespace
}  // namespace ikelb::config
