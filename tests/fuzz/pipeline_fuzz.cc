// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Sequences of any frames through the whole pipeline and a small farm. Each frame lies in memory
// of exactly its size. What must hold of every packet is in testlib/invariants.h.
//
// An input is a farm, then frames: 4 bytes of options, 2 bytes of length, the bytes.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "controlplane/replay/linear_rules.h"
#include "tests/fuzz/harness.h"
#include "tests/testlib/invariants.h"
#include "tests/testlib/samples.h"

namespace {

using namespace ikelb;
using namespace ikelb::testlib;

std::vector<TableSpec> farms() {
    std::vector<TableSpec> specs = sample_farms();
    specs[0].services[0].scheduler = forwarding::Scheduler::weighted_round_robin;
    specs[0].backends[2].is_up = false;
    specs[0].backends[2].flush_on_down = true;
    specs[1].services[1].is_served = false;
    specs[1].backends[1].mode = forwarding::Mode::drain_refuse;
    specs[2].backends[0].mac = {};
    specs[2].interfaces[1].mtu = 400;
    specs[1].wall.is_open = true;
    specs[2].wall.own_services = {
        {.address = address(place::own_lan), .from = prefix("0.0.0.0/0")}};
    specs[3].wall.allow = std::make_shared<replay::LinearRules>(std::vector<wall::AllowRule>{
        {.from = prefix("0.0.0.0/0"), .to = prefix("10.0.0.0/8"), .is_established = true},
        {.from = prefix("::/0"), .to = prefix("fd00::/8"), .protocol = 17}});
    TableSpec sparse = specs[3];  // both families, and hardly anything there
    sparse.services[0].members.clear();
    sparse.backends[3].is_present = false;
    sparse.backends[4].address = {};
    sparse.backends[4].is_present = false;
    sparse.services[1].members = {5};
    sparse.gateways.clear();
    for (RouteSpec& route : sparse.routes) route.gateway = forwarding::no_gateway;
    for (ServiceSpec& service : sparse.services) service.uplink = forwarding::no_gateway;
    specs.push_back(std::move(sparse));
    return specs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::Benches benches{farms()};
    if (size < 1) return 0;
    Bench& bench = benches.fresh(data[0]);
    std::size_t at = 1;
    std::vector<Input> burst;
    while (at + 6 <= size && burst.size() < 32) {
        const std::uint8_t* options = data + at;
        const std::size_t length =
            std::min<std::size_t>(std::size_t{options[4]} << 8 | options[5], size - at - 6);
        Input input{.bytes = Bytes(options + 6, options + 6 + length),
                    .port = static_cast<forwarding::PortIndex>(options[0] & 1),
                    .headroom = std::array<std::uint16_t, 4>{128, 28, 4, 0}[options[0] >> 1 & 3],
                    .contiguous = options[1] == 0 ? SIZE_MAX : options[1],
                    .may_hold = (options[0] & 8) == 0,
                    .was_held = (options[0] & 8) != 0};
        if ((options[0] & 16) == 0) fuzz::mend_ip_checksum(input.bytes);
        at += 6 + length;
        burst.push_back(std::move(input));
        if (options[2] == 0 && at + 6 <= size) continue;  // the next one is of the same burst
        const auto outcomes = bench.run(burst, options[0] >> 5 & 1);
        for (std::size_t i = 0; i < burst.size(); ++i)
            fuzz::require_none(broken_rule(bench, burst[i], outcomes[i]));
        burst.clear();
        bench.advance(options[3]);
    }
    return 0;
}
