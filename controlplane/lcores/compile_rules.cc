// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/lcores/dataplane.h"

#include <rte_errno.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "dataplane/dpdk/acl_rules.h"

namespace ikelb::lcores {
namespace {

/// Counts contexts of both families: a used name would return its old context.
std::atomic<unsigned> built{0};

template <std::size_t AddressWords>
class Trie {
public:
    /// nullptr: DPDK refuses, with rte_errno.
    static dpdk::AclContext build(std::span<const wall::AllowRule> rules) {
        const std::string name = "transit" + std::to_string(built++);
        const rte_acl_param parameters{.name = name.c_str(),
                                       .socket_id = SOCKET_ID_ANY,
                                       .rule_size = RTE_ACL_RULE_SZ(Input::count),
                                       .max_rule_num = static_cast<std::uint32_t>(rules.size())};
        dpdk::AclContext context{rte_acl_create(&parameters)};
        if (context == nullptr) return nullptr;
        for (const wall::AllowRule& rule : rules)
            if (!add(*context, rule)) return nullptr;
        rte_acl_config config = layout();
        if (const int outcome = rte_acl_build(context.get(), &config); outcome != 0) {
            rte_errno = -outcome;
            return nullptr;
        }
        return context;
    }

private:
    using Input = dpdk::AclInput<AddressWords>;
    RTE_ACL_RULE_DEF(Rule, Input::count);
    static constexpr std::size_t source_at = 1, destination_at = source_at + AddressWords,
                                 port_at = destination_at + AddressWords;

    static rte_acl_config layout() {
        rte_acl_config config{};
        config.num_categories = 1;
        config.num_fields = Input::count;
        config.defs[0] = {.type = RTE_ACL_FIELD_TYPE_BITMASK,
                          .size = 1,
                          .field_index = 0,
                          .input_index = 0,
                          .offset = offsetof(Input, protocol)};
        for (std::size_t i = source_at; i < port_at; ++i)
            config.defs[i] = {.type = RTE_ACL_FIELD_TYPE_MASK,
                              .size = 4,
                              .field_index = static_cast<std::uint8_t>(i),
                              .input_index = static_cast<std::uint8_t>(i),
                              .offset = static_cast<std::uint32_t>(4 * i)};
        for (std::size_t i = port_at; i < Input::count; ++i)
            config.defs[i] = {.type = static_cast<std::uint8_t>(
                                  i == port_at ? RTE_ACL_FIELD_TYPE_RANGE
                                               : RTE_ACL_FIELD_TYPE_BITMASK),
                              .size = 2,
                              .field_index = static_cast<std::uint8_t>(i),
                              .input_index = port_at,
                              .offset = static_cast<std::uint32_t>(
                                  offsetof(Input, port) + 2 * (i - port_at))};
        return config;
    }

    static void set_prefix(rte_acl_field* fields, const net::IpPrefix& prefix) {
        const auto words = Input::words_of(prefix.network().address);
        for (std::size_t i = 0; i < AddressWords; ++i) {
            fields[i].value.u32 = words[i].to_host();
            fields[i].mask_range.u32 = static_cast<std::uint32_t>(
                std::clamp(prefix.length - 32 * static_cast<int>(i), 0, 32));
        }
    }

    static bool add(rte_acl_ctx& context, const wall::AllowRule& rule) {
        Rule made{};
        made.data = {.category_mask = 1, .priority = 1, .userdata = 1};
        made.field[0].value.u8 = rule.protocol;
        made.field[0].mask_range.u8 = rule.protocol == wall::any_protocol ? 0 : 0xff;
        set_prefix(&made.field[source_at], rule.from);
        set_prefix(&made.field[destination_at], rule.to);
        made.field[port_at].value.u16 = rule.first_port;
        made.field[port_at].mask_range.u16 = rule.last_port;
        made.field[port_at + 1].value.u16 = rule.is_established;
        made.field[port_at + 1].mask_range.u16 = rule.is_established ? 0xffff : 0;
        const int outcome =
            rte_acl_add_rules(&context, reinterpret_cast<const rte_acl_rule*>(&made), 1);
        if (outcome != 0) rte_errno = -outcome;
        return outcome == 0;
    }
};

}  // namespace

dpdk::Result<std::shared_ptr<const wall::AllowRules>> compile_rules(
    std::span<const wall::AllowRule> rules) {
    std::vector<wall::AllowRule> sorted{rules.begin(), rules.end()};
    const auto first_v6 =
        std::stable_partition(sorted.begin(), sorted.end(), [](const wall::AllowRule& rule) {
            return rule.from.address.is_v4();
        });
    const std::span v4{sorted.begin(), first_v6}, v6{first_v6, sorted.end()};
    auto trie_v4 = v4.empty() ? nullptr : Trie<1>::build(v4);
    auto trie_v6 = v6.empty() ? nullptr : Trie<4>::build(v6);
    if (v4.empty() != (trie_v4 == nullptr) || v6.empty() != (trie_v6 == nullptr))
        return dpdk::Failure{"transit.allow: DPDK cannot compile " + std::to_string(rules.size()) +
                             " rules: " + rte_strerror(rte_errno)};
    return std::make_shared<const dpdk::AclRules>(std::move(trie_v4), std::move(trie_v6));
}

}  // namespace ikelb::lcores
