// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/testlib/bench.h"

#include <algorithm>
#include <stdexcept>

namespace ikelb::testlib {

namespace {

/// A frame in a buffer of exactly headroom and contiguous bytes.
class Buffer {
public:
    explicit Buffer(const Input& input)
        : headroom_{input.headroom},
          contiguous_{std::min(input.bytes.size(), input.contiguous)},
          bytes_{std::make_unique<std::uint8_t[]>(headroom_ + contiguous_)} {
        std::copy_n(input.bytes.begin(), contiguous_, bytes_.get() + headroom_);
    }
    Buffer(const Buffer& other)
        : headroom_{other.headroom_},
          contiguous_{other.contiguous_},
          bytes_{std::make_unique<std::uint8_t[]>(headroom_ + contiguous_)} {
        std::copy_n(other.bytes_.get(), headroom_ + contiguous_, bytes_.get());
    }
    Buffer(Buffer&&) = default;

    pipeline::Frame frame(const Input& input) const {
        return {.data = bytes_.get() + headroom_,
                .contiguous = static_cast<std::uint16_t>(contiguous_),
                .headroom = static_cast<std::uint16_t>(headroom_),
                .length = static_cast<std::uint32_t>(input.bytes.size()),
                .port = input.port,
                .may_hold = input.may_hold,
                .was_held = input.was_held};
    }
    /// The outgoing frame: the first buffer as it is now, then the bytes of further buffers.
    Bytes leaving(const pipeline::Packet& packet, const Input& input) const {
        const auto start = static_cast<std::ptrdiff_t>(headroom_) + packet.out_shift;
        if (start < 0) throw std::logic_error{"out_shift beyond the headroom"};
        Bytes out(bytes_.get() + start, bytes_.get() + headroom_ + contiguous_);
        out.insert(out.end(), input.bytes.begin() + static_cast<std::ptrdiff_t>(contiguous_),
                   input.bytes.end());
        if (out.size() < packet.out_length) throw std::logic_error{"out_length beyond the frame"};
        out.resize(packet.out_length);
        return out;
    }

private:
    std::size_t headroom_;
    std::size_t contiguous_;
    std::unique_ptr<std::uint8_t[]> bytes_;
};

Outcome outcome_of(const pipeline::Packet& packet, const Buffer& buffer, const Input& input) {
    Outcome outcome{.verdict = packet.verdict,
                    .out_port = packet.out_port,
                    .in_interface = packet.in_interface,
                    .backend = packet.backend,
                    .out_shift = packet.out_shift};
    if (!packet.is_decided()) throw std::logic_error{"a packet left without a verdict"};
    if (outcome.fate() == pipeline::Disposition::forward ||
        outcome.fate() == pipeline::Disposition::punt)
        outcome.bytes = buffer.leaving(packet, input);
    return outcome;
}

/// The worker's copies of a packet for further backends.
std::vector<Bytes> copies_of(const pipeline::Batch& batch, std::size_t place, const Buffer& buffer,
                             const Input& input, pipeline::Context& context) {
    std::vector<Bytes> copies;
    const pipeline::Packet& packet = batch.packets[place];
    if (packet.verdict != pipeline::Verdict::to_server) return copies;
    for (const auto& copy : batch.copies) {
        if (copy.place != place) continue;
        const Buffer copied{buffer};
        pipeline::Packet readdressed = packet;
        readdressed.frame = copied.frame(input);
        if (pipeline::readdress(readdressed, copy.to, context))
            copies.push_back(copied.leaving(readdressed, input));
    }
    return copies;
}

}  // namespace

std::string name(pipeline::Verdict verdict) {
    return verdict == pipeline::Verdict::undecided ? "undecided"
                                                   : std::string{pipeline::info(verdict).name};
}

Bench::Bench(TableSpec s, std::size_t workers, const sessions::SessionLimits& limits)
    : spec{std::move(s)},
      sessions_{std::make_unique<sessions::SessionTables>(limits, spec.hash_key)} {
    for (std::size_t i = 0; i < workers; ++i)
        workers_.push_back(std::make_unique<WorkerState>());
    apply();
}

void Bench::apply() {
    table_ = std::make_unique<forwarding::ForwardingTable>(build_table(spec, table_.get(), now_));
}

std::vector<Outcome> Bench::run(std::span<const Input> burst, std::size_t worker) {
    auto batch = std::make_unique<pipeline::Batch>();
    std::vector<Buffer> buffers;
    for (const Input& input : burst) {
        buffers.emplace_back(input);
        batch->add(buffers.back().frame(input));
    }
    pipeline::Context context{.table = *table_,
                              .sessions = *sessions_,
                              .counters = *workers_[worker]->counters,
                              .memory = *workers_[worker]->memory,
                              .now = now_,
                              .now_micros = now_micros()};
    if (takes_fast_path)
        pipeline::run(*batch, context);
    else
        pipeline::general_path(*batch, batch->places(), context);
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < burst.size(); ++i) {
        outcomes.push_back(outcome_of(batch->packets[i], buffers[i], burst[i]));
        outcomes.back().copies = copies_of(*batch, i, buffers[i], burst[i], context);
    }
    return outcomes;
}

Outcome Bench::run(const Input& input, std::size_t worker) {
    return run(std::span{&input, 1}, worker)[0];
}

PacketBuilder Bench::client_side(PacketBuilder packet) const {
    return packet.mac(place::first_gateway_mac(), spec.interfaces[place::ext].mac);
}

PacketBuilder Bench::server_side(PacketBuilder packet) const {
    const InterfaceSpec& srv = spec.interfaces[place::srv];
    packet.mac(place::server_mac(0), srv.mac);
    if (srv.vlan != 0) packet.vlan(srv.vlan);
    return packet;
}

Outcome Bench::from_client(PacketBuilder packet, std::size_t worker) {
    return run({.bytes = client_side(std::move(packet)).build(), .port = place::wan}, worker);
}

Outcome Bench::from_gateway(PacketBuilder packet, const net::MacAddress& from,
                            std::size_t worker) {
    return run({.bytes = packet.mac(from, spec.interfaces[place::ext].mac).build(),
                .port = place::wan},
               worker);
}

Outcome Bench::from_server(PacketBuilder packet, std::size_t worker) {
    return run({.bytes = server_side(std::move(packet)).build(), .port = server_port()}, worker);
}

PacketBuilder to_vip(const char* client, std::uint16_t client_port, std::uint16_t vip_port,
                     Bytes payload, const char* vip) {
    return PacketBuilder{}
        .ip(client, vip)
        .udp(client_port, vip_port)
        .payload(std::move(payload));
}

PacketBuilder reply(forwarding::BackendIndex server, std::uint16_t server_port, const char* client,
                    std::uint16_t client_port, Bytes payload) {
    // A server of both families has its own address for each.
    const std::string own = place::server(server);
    const bool is_own = address(own.c_str()).is_v4() == address(client).is_v4();
    return PacketBuilder{}
        .ip((is_own ? own : place::server_address6(server)).c_str(), client)
        .udp(server_port, client_port)
        .payload(std::move(payload));
}

PacketBuilder Session::init() const {
    return to_vip(client.c_str(), port_500, 500, sa_init(spi_i).bytes(), vip.c_str());
}
PacketBuilder Session::init_answer() const {
    return answer(500, sa_init_answer(spi_i, spi_r).bytes());
}
PacketBuilder Session::auth() const {
    return to_vip(client.c_str(), port_4500, 4500,
                  behind_marker(encrypted(spi_i, spi_r, ike::exchange::ike_auth)), vip.c_str());
}
PacketBuilder Session::auth_answer() const {
    return answer(4500, behind_marker(encrypted_answer(spi_i, spi_r, ike::exchange::ike_auth)));
}
PacketBuilder Session::dpd() const {
    return to_vip(client.c_str(), port_4500, 4500,
                  behind_marker(encrypted(spi_i, spi_r, ike::exchange::informational, 2)),
                  vip.c_str());
}
PacketBuilder Session::dpd_answer() const {
    return answer(
        4500, behind_marker(encrypted_answer(spi_i, spi_r, ike::exchange::informational, 2)));
}
PacketBuilder Session::esp_up(std::uint32_t spi) const {
    return to_vip(client.c_str(), port_4500, 4500, esp(spi), vip.c_str()).no_udp_checksum();
}
PacketBuilder Session::esp_down(std::uint32_t spi) const {
    return answer(4500, esp(spi)).no_udp_checksum();
}
PacketBuilder Session::answer(std::uint16_t server_port, Bytes payload) const {
    PacketBuilder packet = reply(backend, server_port, client.c_str(),
                                 server_port == 500 ? port_500 : port_4500, std::move(payload));
    return by_alias ? packet.from_ip(address(place::server_alias(backend).c_str())) : packet;
}

Session log_in(Bench& bench, Session session, std::uint32_t spi) {
    session.backend = bench.from_client(session.init()).backend;
    if (session.backend == forwarding::no_backend)
        throw std::logic_error{"no backend for the login"};
    bench.from_server(session.init_answer());
    bench.from_client(session.auth());
    bench.from_server(session.auth_answer());
    bench.from_client(session.esp_up(spi));
    bench.from_server(session.esp_down());
    return session;
}

}  // namespace ikelb::testlib
