// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Nothing that a client sends is authenticated for us: once its servers have confirmed a session,
// no frames from the clients' side, of whatever address, may change its records.
//
// An input is a farm, how many steps are of both sides, then steps of four bytes: first those of
// both sides, which make sessions, then those of clients alone. The changes that IKELB_FUZZ_KNOWN
// names, with commas between, are let pass: run.py names there what tests/fuzz/known has.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/fuzz/confirmed.h"
#include "tests/fuzz/harness.h"
#include "tests/testlib/invariants.h"
#include "tests/testlib/samples.h"

namespace {

using namespace ikelb;
using namespace ikelb::testlib;
using namespace ikelb::testlib::place;

/// What an input chooses from is little, so that what it does meets what it has done.
struct Step {
    std::uint8_t what, who, which, how;

    bool is_v6() const { return (who & 0x80) != 0; }
    const char* client() const {
        if ((who & 8) != 0) return is_v6() ? "fd00:20::14" : "10.20.0.11";  // a server's
        if (is_v6()) return (who & 1) != 0 ? other_client6 : client6;
        return (who & 1) != 0 ? other_client : place::client;
    }
    const char* to_vip() const {
        if (is_v6()) return vip6;
        return (who & 4) != 0 ? second_vip : vip;
    }
    std::uint16_t port() const { return (who & 2) != 0 ? 4501 : 4500; }
    forwarding::BackendIndex server() const {
        return static_cast<forwarding::BackendIndex>((how & 3) % 3 + (is_v6() ? 3 : 0));
    }
    std::uint64_t initiator() const { return 0x1100 + (which & 3u); }
    std::uint64_t responder() const { return 0x9900 + (which >> 2 & 3u); }
    std::uint32_t spi() const { return 0xc000 + (which >> 4 & 3u); }
    std::uint32_t number() const { return how >> 4; }
    forwarding::Seconds seconds() const { return (how >> 2 & 3) == 3 ? 12 : how >> 2 & 3; }
};

IkeMessage at(IkeMessage message, const Step& step) {
    message.message_id = step.number();
    return message;
}

PacketBuilder up(const Step& step, std::uint16_t vip_port, Bytes payload) {
    return to_vip(step.client(), vip_port == 500 ? 500 : step.port(), vip_port, std::move(payload),
                  step.to_vip());
}

PacketBuilder down(const Step& step, std::uint16_t server_port, Bytes payload) {
    return reply(step.server(), server_port, step.client(),
                 server_port == 500 ? 500 : step.port(), std::move(payload));
}

constexpr unsigned kinds_of_clients = 16;

PacketBuilder from_client(const Step& step) {
    using namespace ike::exchange;
    const auto i = step.initiator(), r = step.responder();
    switch (step.what % kinds_of_clients) {
        case 0: return up(step, 500, sa_init(i).bytes());
        case 1: return up(step, 4500, behind_marker(sa_init(i)));
        case 2: return up(step, 500, sa_init_with_cookie(i).bytes());
        case 3: return up(step, 4500, behind_marker(at(encrypted(i, r, ike_auth), step)));
        case 4: return up(step, 4500, behind_marker(at(encrypted(i, r, informational), step)));
        case 5: return up(step, 4500, behind_marker(at(encrypted(i, r, 36), step)));
        case 6: return up(step, 4500, behind_marker(at(encrypted_answer(i, r, 37), step)));
        case 7: return up(step, 4500, behind_marker(at(encrypted_answer(r, i, 36), step)));
        case 8: return up(step, 4500, behind_marker(delete_request(i, r)));
        case 9: return up(step, 4500, keepalive());
        case 10: return up(step, 500, at(encrypted(i, r, ike_auth), step).bytes());
        case 11: return up(step, 4500, esp(step.spi(), 16, step.number())).fragment(0, true);
        case 12:
            return PacketBuilder{}.ip(step.client(), step.to_vip()).icmp(3, 3).payload(
                PacketBuilder{}.ip(step.to_vip(), step.client())
                    .udp(4500, step.port()).build_ip());
        default:
            return up(step, 4500, esp(step.spi(), 16, step.number())).no_udp_checksum();
    }
}

PacketBuilder from_server(const Step& step) {
    using namespace ike::exchange;
    const auto i = step.initiator(), r = step.responder();
    switch (step.what % 8) {
        case 0: return down(step, 500, sa_init_answer(i, r).bytes());
        case 1: return down(step, 4500, behind_marker(sa_init_answer(i, r)));
        case 2: return down(step, 4500, behind_marker(at(encrypted_answer(i, r, ike_auth), step)));
        case 3:
            return down(step, 4500, behind_marker(at(encrypted_answer(i, r, informational), step)));
        case 4: return down(step, 4500, behind_marker(at(encrypted(r, i, informational), step)));
        case 5: return down(step, 4500, behind_marker(delete_request(i, r)));
        default: return down(step, 4500, esp(0xd000 + step.number()));
    }
}

std::vector<TableSpec> farms() {
    TableSpec both = dual_stack_farm();
    both.services.push_back({.vip = address(second_vip), .members = {rras2, rras3}});
    TableSpec by_sa = both;
    for (ServiceSpec& service : by_sa.services) service.affinity = forwarding::Affinity::sa;
    TableSpec by_turns = both;
    by_turns.services[0].scheduler = forwarding::Scheduler::weighted_round_robin;
    by_turns.services[0].ask_all_rate = 50;
    return {both, by_sa, by_turns};
}

/// By whole words between commas.
bool is_known(const std::string& change) {
    static const char* const named = std::getenv("IKELB_FUZZ_KNOWN");
    static const std::string known = "," + std::string{named == nullptr ? "" : named} + ",";
    return known.find("," + change + ",") != std::string::npos;
}

void take(Bench& bench, const Step& step, bool is_client) {
    const PacketBuilder packet = is_client ? from_client(step) : from_server(step);
    Input input = is_client
                      ? Input{.bytes = bench.client_side(packet).build(), .port = wan}
                      : Input{.bytes = bench.server_side(packet).build(),
                              .port = bench.server_port()};
    fuzz::require_none(broken_rule(bench, input, bench.run(input)));
    bench.advance(step.seconds());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::Benches benches{farms()};
    constexpr std::size_t head = 2, most_steps = 32;
    if (size < head) return 0;
    Bench& bench = benches.fresh(data[0]);
    std::vector<Step> steps(std::min((size - head) / sizeof(Step), most_steps));
    if (steps.empty()) return 0;
    std::memcpy(steps.data(), data + head, steps.size() * sizeof(Step));
    const std::size_t first = data[1] % steps.size();
    for (std::size_t i = 0; i < first; ++i)
        take(bench, steps[i], (steps[i].what & 0x80) != 0);
    const fuzz::Confirmed sessions{bench};
    for (std::size_t i = first; i < steps.size(); ++i) take(bench, steps[i], true);
    for (const std::string& change : sessions.changes(bench))
        if (!is_known(change)) fuzz::require_none(change);
    return 0;
}
