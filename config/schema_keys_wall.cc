// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <array>

#include "config/schema_parts.h"

namespace ikelb::config {
namespace {

constexpr std::string_view of_a_rule = "None. What a rule let in ends with the rule.";

std::vector<std::string_view> closed_or_open() { return {"closed", "open"}; }

const std::array keys{
    Key{.path = "transit", .form = Form::map, .initial = "closed", .choices = closed_or_open,
        .purpose = "What is routed through ikelb without being a service's. What begins on the "
                   "servers' side passes, and so do the answers to it. What begins on the "
                   "clients' side is dropped as transit_not_allowed unless a rule of allow names "
                   "it, for the servers' RDP, SMB and management are no matter of the Internet, "
                   "and no firewall of this host ever sees these packets. The word open lets all "
                   "of it pass, for those who filter upstream.",
        .effect = of_a_rule},
    Key{.path = "transit.allow", .form = Form::list_of_maps, .range = {0, 1024}, .initial = "[]",
        .purpose = "What may begin on the clients' side. Each rule is asked of each packet in "
                   "that direction; the way back is open anyway. Service UDP and ESP straight to "
                   "a backend's own address never pass.",
        .effect = of_a_rule},
    Key{.path = "transit.allow[].from", .form = Form::prefix, .presence = required,
        .example = "0.0.0.0/0",
        .purpose = "The sources, on the clients' side.",
        .effect = no_effect},
    Key{.path = "transit.allow[].to", .form = Form::prefix, .presence = required,
        .example = "10.30.0.0/24",
        .purpose = "The destinations, of the same family.",
        .effect = no_effect},
    Key{.path = "transit.allow[].protocol", .form = Form::protocol, .initial = "any",
        .purpose = "The IP protocol.",
        .effect = no_effect},
    Key{.path = "transit.allow[].ports", .form = Form::port_range, .initial = "0-65535",
        .purpose = "The destination ports, of tcp and udp alone. Other ranges are rules of their "
                   "own.",
        .effect = no_effect},
    Key{.path = "transit.allow[].established", .form = Form::flag, .initial = "false",
        .purpose = "true: of TCP only segments with ACK or RST, which begin nothing. For answers "
                   "that come in at another node than the requests left by (ECMP), where no "
                   "record tells them.",
        .effect = no_effect},

    Key{.path = "own_services", .form = Form::list_of_maps, .range = {0, 256}, .initial = "[]",
        .purpose = "What the clients' side may ask of this host at an address that is neither a "
                   "VIP nor on the interface where it comes in: BGP or BFD to a loopback. The rest "
                   "is dropped as own_address_closed. To the incoming interface's own address "
                   "everything passes, and this host's input rules (nft) judge it. BGP, OSPF and "
                   "multihop BFD named here, at any own address, have a rate limit of their own "
                   "on the way to the kernel, as from next hops. Name the peers that are no next "
                   "hop.",
        .effect = of_a_rule},
    Key{.path = "own_services[].address", .form = Form::address, .presence = required,
        .example = "10.255.0.1",
        .purpose = "This host's address. Of a VIP, write services[].host_ports.",
        .effect = no_effect},
    Key{.path = "own_services[].from", .form = Form::prefix, .presence = required,
        .example = "198.51.100.0/24",
        .purpose = "Who may ask, of the same family.",
        .effect = no_effect},
    Key{.path = "own_services[].protocol", .form = Form::protocol, .initial = "any",
        .purpose = "The IP protocol.",
        .effect = no_effect},
    Key{.path = "own_services[].ports", .form = Form::port_range, .initial = "0-65535",
        .purpose = "The destination ports, of tcp and udp alone.",
        .effect = no_effect},
};

}  // namespace

std::span<const Key> wall_keys() noexcept { return keys; }

}  // namespace ikelb::config
