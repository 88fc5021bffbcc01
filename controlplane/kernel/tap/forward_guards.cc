// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/kernel/tap/forward_guards.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "controlplane/kernel/tap/sysctl.h"

namespace ikelb::tap {
namespace {

// The mark of ikelb's rules: a number above RTPROT_STATIC, the range of routing daemons, that no
// list names.
constexpr std::uint8_t rule_protocol = 228;

/// The fields that ikelb writes and compares.
struct Rule {
    std::string tap;
    std::uint8_t action = FR_ACT_UNSPEC;
    std::uint32_t priority = 0;
    std::optional<net::IpPrefix> from{};
    std::uint32_t target = 0;  ///< of a goto
    friend bool operator==(const Rule&, const Rule&) = default;
};

struct Seen {
    Rule rule;
    bool is_ours = false;
    bool is_detached = false;      ///< its device is gone
    bool leads_to_local = false;   ///< sends everything to the local table
};

using RulesByTwin = std::map<std::string, std::vector<Rule>>;

netlink::Message make_message(std::uint16_t type, unsigned flags, int family, const Rule& rule) {
    fib_rule_hdr header{};
    header.family = static_cast<std::uint8_t>(family);
    header.action = rule.action;
    if (rule.from) header.src_len = rule.from->length;
    netlink::Message message{type, flags, header};
    message.put(FRA_PRIORITY, rule.priority);
    const auto* name = reinterpret_cast<const std::uint8_t*>(rule.tap.c_str());
    message.put_bytes(FRA_IIFNAME, {name, rule.tap.size() + 1});
    message.put_bytes(FRA_PROTOCOL, {&rule_protocol, 1});
    // A prefix of length 0 has no address, or the kernel calls the two contradictory.
    if (rule.from && rule.from->length > 0) message.put(FRA_SRC, rule.from->network().address);
    if (rule.action == FR_ACT_GOTO) message.put(FRA_GOTO, rule.target);
    return message;
}

/// Whether the rule applies to all packets.
bool takes_all(const fib_rule_hdr& header, const netlink::Attributes<FRA_MAX>& attributes) {
    static constexpr std::array selectors{FRA_IIFNAME,     FRA_OIFNAME,    FRA_FWMARK,
                                          FRA_FWMASK,      FRA_TUN_ID,     FRA_L3MDEV,
                                          FRA_UID_RANGE,   FRA_IP_PROTO,   FRA_SPORT_RANGE,
                                          FRA_DPORT_RANGE, FRA_SUPPRESS_IFGROUP};
    // In each answer; all ones: the rule passes over no route.
    const auto suppressed = attributes.number(FRA_SUPPRESS_PREFIXLEN);
    return header.src_len == 0 && header.dst_len == 0 && header.tos == 0 &&
           (header.flags & FIB_RULE_INVERT) == 0 && suppressed.value_or(~0u) == ~0u &&
           std::ranges::none_of(selectors, [&](int selector) {
               return attributes.find(selector) != nullptr;
           });
}

std::optional<Seen> parse(nlmsghdr* message) {
    fib_rule_hdr header{};
    if (nlmsg_datalen(message) < static_cast<int>(sizeof header)) return std::nullopt;
    std::memcpy(&header, nlmsg_data(message), sizeof header);
    const netlink::Attributes<FRA_MAX> attributes{message, sizeof header};
    if (!attributes.is_valid()) return std::nullopt;
    Seen seen;
    const auto name = attributes.bytes(FRA_IIFNAME);
    if (!name.empty())
        seen.rule.tap = std::string(reinterpret_cast<const char*>(name.data()), name.size() - 1);
    seen.rule.action = header.action;
    seen.rule.priority = attributes.number(FRA_PRIORITY).value_or(0);
    if (const auto from = attributes.address(FRA_SRC, header.family))
        seen.rule.from = net::IpPrefix{.address = *from, .length = header.src_len};
    seen.rule.target = attributes.number(FRA_GOTO).value_or(0);
    const auto protocol = attributes.bytes(FRA_PROTOCOL);
    seen.is_ours = !protocol.empty() && protocol[0] == rule_protocol;
    seen.is_detached = (header.flags & FIB_RULE_IIF_DETACHED) != 0;
    seen.leads_to_local =
        header.action == FR_ACT_TO_TBL && takes_all(header, attributes) &&
        attributes.number(FRA_TABLE).value_or(header.table) == RT_TABLE_LOCAL;
    return seen;
}

/// In the order of adding: of equal priority the kernel asks the older rule first.
std::vector<Rule> rules_of(const ForwardGuard& guard, int family, std::uint32_t priority) {
    std::vector<Rule> rules;
    const std::uint32_t behind = priority + 1;
    for (const net::IpPrefix& from : guard.except)
        if (netlink::family_of(from.address) == family)
            rules.push_back({.tap = guard.tap,
                             .action = FR_ACT_GOTO,
                             .priority = priority,
                             .from = from.network(),
                             .target = behind});
    rules.push_back({.tap = guard.tap, .action = FR_ACT_BLACKHOLE, .priority = priority});
    if (rules.size() > 1)
        rules.push_back({.tap = guard.tap, .action = FR_ACT_NOP, .priority = behind});
    return rules;
}

bool has_rules(int family) {
    return family == AF_INET || read_sysctl("net/ipv6/conf/all/forwarding").has_value();
}

}  // namespace

posix::Result<ForwardGuards> ForwardGuards::open(std::vector<std::string> taps) {
    auto netlink = netlink::Requester::open();
    if (netlink.has_error()) return std::move(netlink).error();
    return ForwardGuards{*std::move(netlink), std::move(taps)};
}

ForwardGuards::~ForwardGuards() {
    if (taps_.empty()) return;
    try {
        (void)apply({});
    } catch (...) {  // out of memory in a destructor
    }
}

std::vector<std::string> ForwardGuards::apply(const std::vector<ForwardGuard>& guards) {
    std::vector<std::string> failures;
    for (const int family : {AF_INET, AF_INET6}) {
        if (!has_rules(family)) continue;
        if (const auto done = apply(family, guards); done.has_error())
            failures.push_back(std::string{"what clients send may be forwarded by the kernel in "} +
                               (family == AF_INET ? "IPv4: " : "IPv6: ") + done.error().message);
    }
    return failures;
}

posix::Result<void> ForwardGuards::apply(int family, const std::vector<ForwardGuard>& guards) {
    std::vector<Seen> rules;  // in the kernel's order
    fib_rule_hdr header{};
    header.family = static_cast<std::uint8_t>(family);
    const auto dumped = netlink_.dump({RTM_GETRULE, 0, header}, [&](nlmsghdr* message) {
        if (auto seen = parse(message)) rules.push_back(*std::move(seen));
    });
    if (dumped.has_error()) return dumped;
    const auto local = std::ranges::find_if(rules, &Seen::leads_to_local);
    const std::uint32_t priority = local == rules.end() ? 0 : local->rule.priority;

    // Within a priority the order of adding counts, so a difference makes all rules of a TAP anew.
    // In front of the local table's rule a guard would shut out the host.
    RulesByTwin present, wanted;
    std::set<std::string> misplaced;
    for (auto at = rules.begin(); at != rules.end(); ++at) {
        const std::string& tap = at->rule.tap;
        if (!at->is_ours || !(at->is_detached || std::ranges::count(taps_, tap) > 0)) continue;
        present[tap].push_back(at->rule);
        if (local != rules.end() && at < local) misplaced.insert(tap);
    }
    for (const ForwardGuard& guard : guards) wanted[guard.tap] = rules_of(guard, family, priority);
    const auto is_as_wanted = [&](const std::string& tap) {
        const auto found = present.find(tap), right = wanted.find(tap);
        return found != present.end() && right != wanted.end() && found->second == right->second &&
               !misplaced.contains(tap);
    };
    for (const auto& [tap, old] : present) {
        if (is_as_wanted(tap)) continue;
        for (const Rule& rule : old) {
            const auto removed = netlink_.execute(make_message(RTM_DELRULE, 0, family, rule));
            if (removed.has_error() && removed.error().code != ENOENT) return removed;
        }
    }
    for (const auto& [tap, made] : wanted) {
        if (is_as_wanted(tap)) continue;
        for (const Rule& rule : made) {
            const auto added = netlink_.execute(
                make_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, family, rule));
            if (added.has_error()) return added;
        }
    }
    return {};
}

}  // namespace ikelb::tap
