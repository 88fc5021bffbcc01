// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/table/fast_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "dataplane/net/checksum.h"

namespace ikelb::table {
namespace {

using forwarding::BackendIndex, forwarding::FastTable, forwarding::ForwardingTable;

constexpr std::size_t nat_t = 1;  // the position of port 4500

std::uint64_t number_of(const net::MacAddress& mac) {
    std::array<std::uint8_t, 8> bytes{};
    std::ranges::copy(mac.bytes, bytes.begin());
    return FastTable::load_mac(bytes.data());
}

FastTable::Address packed(const net::IpAddress& address) {
    FastTable::Address packed{};
    const std::size_t size = address.is_v4() ? 4 : 16;
    std::memcpy(packed.data(), &address.bytes()[16 - size], size);
    return packed;
}

FastTable::Exit exit_by(const forwarding::LinkHeader& link, const ForwardingTable& table) {
    FastTable::Exit exit;
    exit.length = link.length;
    exit.port = link.port;
    std::copy_n(link.bytes.begin(), exit.bytes.size(), exit.bytes.begin());
    const bool is_up =
        link.interface >= table.interfaces.size() || table.interfaces[link.interface].is_up;
    exit.mtu = link.is_resolved && is_up ? link.mtu : std::uint16_t{0};
    return exit;
}

std::uint64_t key_of(const net::IpAddress& address, net::be16 port) {
    const auto bytes = packed(address);
    const auto half = [&](std::size_t at) { return net::load<std::uint64_t>(bytes.data() + at); };
    return address.is_v4() ? FastTable::end_key(static_cast<std::uint32_t>(half(0)), port)
                           : FastTable::end_key(half(0), half(8), port);
}

using Ends = forwarding::WordMap<1, FastTable::End>;

/// The ways from a VIP to all its backends, and back.
void add_ways(forwarding::FrontendIndex index, const ForwardingTable& table, FastTable& prepared,
              std::vector<Ends::Entry>& sources) {
    const forwarding::Frontend& frontend = table.frontends[index];
    const bool is_v6 = !frontend.vip.is_v4();
    const std::size_t row = prepared.ways.size();
    prepared.frontends[index].row = static_cast<std::uint32_t>(row);
    prepared.ways.resize(row + forwarding::max_backends);
    for (BackendIndex i = 0; i < table.backends.size(); ++i) {
        const auto member = table.member(frontend.service, i);
        if (!member) continue;
        const forwarding::Backend& backend = table.backends[i];
        const forwarding::Target& target = table.target(frontend.service, i);
        FastTable::Exit& exit = prepared.members[*member] = exit_by(target.link, table);
        exit.address = packed(target.address);
        const bool is_its = !target.address.is_unspecified() && target.address.is_v4() != is_v6;
        const bool may_go =
            is_its && frontend.is_served && backend.is_present && !backend.is_flushed(is_v6);
        prepared.ways[row + i] = forwarding::Way::pack(
            net::fold(net::change(frontend.vip, target.address)),
            may_go ? exit.mtu : std::uint16_t{0}, *member, backend.generation);
        const auto* const entry = table.addresses.find(target.address);
        if (is_its && entry != nullptr && entry->role == forwarding::AddressRole::backend &&
            entry->backend == i && entry->frontends[nat_t] == index)
            sources.push_back(
                {{key_of(target.address, frontend.port)},
                 {.row = prepared.frontends[index].row, .frontend = index, .backend = i}});
    }
}

BackendIndex label_of(std::uint32_t first, std::uint32_t last, const ForwardingTable& table) {
    BackendIndex found = forwarding::no_backend;
    for (const BackendIndex index : table.labelled) {
        const forwarding::SpiLabel& label = table.backends[index].label;
        if (label.esp_first == 0 || label.esp_last < first || label.esp_first > last) continue;
        // Either of two overlapping labels may belong to another service.
        const bool is_whole = label.esp_first <= first && label.esp_last >= last;
        found = is_whole && found == forwarding::no_backend ? index : FastTable::labelled_in_part;
    }
    return found;
}

/// Empty without a label for ESP.
std::vector<BackendIndex> labels_of(const ForwardingTable& table) {
    constexpr std::uint32_t in_slot = (std::uint32_t{1} << FastTable::label_shift) - 1;
    std::vector<BackendIndex> labels;
    const auto is_of_esp = [&](BackendIndex index) {
        return table.backends[index].label.esp_first != 0;
    };
    if (std::ranges::none_of(table.labelled, is_of_esp)) return labels;
    for (std::uint64_t at = 0; at >> 32 == 0; at += in_slot + 1)
        labels.push_back(label_of(static_cast<std::uint32_t>(at),
                                  static_cast<std::uint32_t>(at) | in_slot, table));
    return labels;
}

}  // namespace

void prepare_fast_table(ForwardingTable& table) {
    FastTable prepared;
    for (const forwarding::Interface& interface : table.interfaces)
        prepared.interfaces.push_back(
            {.mac = number_of(interface.mac),
             .index = static_cast<forwarding::InterfaceIndex>(prepared.interfaces.size()),
             .faces_servers = interface.faces_servers,
             .faces_clients = interface.faces_clients});
    for (std::size_t slot = 0; slot < table.interface_of.size(); slot += 4096)
        prepared.untagged.push_back(table.interface_of[slot] == forwarding::no_interface
                                        ? FastTable::Interface{}
                                        : prepared.interfaces[table.interface_of[slot]]);
    for (std::size_t i = forwarding::no_gateway + 1; i < table.gateways.size(); ++i)
        if (const forwarding::Gateway& gateway = table.gateways[i];
            gateway.interface != forwarding::no_interface) {
            prepared.gateways[i] = exit_by(gateway.link, table);
            prepared.gateways[i].is_for_some = {!gateway.is_default[true],
                                                !gateway.is_default[false]};
        }
    std::array<std::vector<Ends::Entry>, 2> vips, sources;
    for (const forwarding::Frontend& frontend : table.frontends) {
        const auto index = static_cast<forwarding::FrontendIndex>(prepared.frontends.size());
        prepared.frontends.push_back(
            {.vip = packed(frontend.vip),
             .service = frontend.is_present() ? frontend.service : forwarding::ServiceIndex{0}});
        if (!frontend.is_present()) continue;
        const bool is_v6 = !frontend.vip.is_v4();
        if (forwarding::service_port_position(frontend.port) == nat_t)
            add_ways(index, table, prepared, sources[is_v6]);
        vips[is_v6].push_back({{key_of(frontend.vip, frontend.port)},
                               {.row = prepared.frontends[index].row, .frontend = index}});
    }
    for (const bool is_v6 : {false, true}) {
        prepared.vips[is_v6] = {vips[is_v6], table.hash_key};
        prepared.sources[is_v6] = {sources[is_v6], table.hash_key};
    }
    prepared.labels = labels_of(table);
    table.fast_path = std::move(prepared);
    table.wall.prepare(table.inside_prefixes);
}

}  // namespace ikelb::table
