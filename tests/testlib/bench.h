// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/pipeline/pipeline.h"
#include "tests/testlib/packet_builder.h"
#include "tests/testlib/table_spec.h"

namespace ikelb::testlib {

/// Result for one frame.
struct Outcome {
    pipeline::Verdict verdict = pipeline::Verdict::undecided;
    Bytes bytes{};  ///< as sent or punted; empty in any other case
    forwarding::PortIndex out_port = 0;
    forwarding::InterfaceIndex in_interface = forwarding::no_interface;
    forwarding::BackendIndex backend = forwarding::no_backend;
    std::int32_t out_shift = 0;
    std::vector<Bytes> copies{};  ///< for other backends

    pipeline::Disposition fate() const { return pipeline::info(verdict).fate; }
    Dissected packet() const { return dissect(bytes); }
};

/// Prints verdicts by name in failures.
std::string name(pipeline::Verdict verdict);

/// A frame on its way in. Bytes behind `contiguous` lie in another buffer.
struct Input {
    Bytes bytes{};
    forwarding::PortIndex port = 0;
    std::uint16_t headroom = 128;
    std::size_t contiguous = SIZE_MAX;
    bool may_hold = true;
    bool was_held = false;
};

/// The pipeline on a bench: session tables, some workers, a clock that stands until it is set. Each
/// frame lies in memory of exactly its size, so that a sanitizer sees the first byte too many.
class Bench {
public:
    static constexpr sessions::SessionLimits usual_limits{.flows = 4096,
                                                          .persistences = 4096,
                                                          .ike_sas = 4096,
                                                          .esp_spis = 4096,
                                                          .half_open = 1024,
                                                          .fragments = 256,
                                                          .transit = 4096};
    explicit Bench(TableSpec spec, std::size_t workers = 1,
                   const sessions::SessionLimits& limits = usual_limits);

    /// State of the operator and the network: edit, then apply.
    TableSpec spec;
    void apply();

    /// False: ESP of established SAs takes the general path, too.
    bool takes_fast_path = true;

    void advance(forwarding::Seconds seconds) { now_ += seconds; }
    void advance_micros(std::uint64_t micros) {
        micros_ += micros;
        now_ += static_cast<forwarding::Seconds>(micros_ / 1'000'000);
        micros_ %= 1'000'000;
    }
    forwarding::Seconds now() const { return now_; }
    std::uint64_t now_micros() const { return std::uint64_t{now_} * 1'000'000 + micros_; }
    void set_now(forwarding::Seconds now) { now_ = now; }

    std::vector<Outcome> run(std::span<const Input> burst, std::size_t worker = 0);
    Outcome run(const Input& input, std::size_t worker = 0);

    /// Frames as a neighbour would send them: MAC addresses are set here.
    Outcome from_client(PacketBuilder packet, std::size_t worker = 0);
    Outcome from_gateway(PacketBuilder packet, const net::MacAddress& from, std::size_t worker = 0);
    Outcome from_server(PacketBuilder packet, std::size_t worker = 0);

    /// MAC addresses and tag of a frame from one side.
    PacketBuilder client_side(PacketBuilder packet) const;
    PacketBuilder server_side(PacketBuilder packet) const;
    forwarding::PortIndex server_port() const { return spec.interfaces[place::srv].port; }

    const forwarding::ForwardingTable& table() const { return *table_; }
    sessions::SessionTables& sessions() { return *sessions_; }
    pipeline::Counters& counters(std::size_t worker = 0) { return *workers_[worker]->counters; }
    pipeline::WorkerMemory& memory(std::size_t worker = 0) { return *workers_[worker]->memory; }
    std::uint64_t count(pipeline::Verdict verdict, std::size_t worker = 0) {
        return counters(worker).verdicts[static_cast<std::size_t>(verdict)].read();
    }

private:
    struct WorkerState {
        std::unique_ptr<pipeline::Counters> counters = std::make_unique<pipeline::Counters>();
        std::unique_ptr<pipeline::WorkerMemory> memory = std::make_unique<pipeline::WorkerMemory>();
    };

    std::unique_ptr<forwarding::ForwardingTable> table_;
    std::unique_ptr<sessions::SessionTables> sessions_;
    std::vector<std::unique_ptr<WorkerState>> workers_;
    forwarding::Seconds now_ = 1000;
    std::uint64_t micros_ = 0;  ///< since the current second began
};

// The datagrams of a client and its server, without link addresses.
PacketBuilder to_vip(const char* client, std::uint16_t client_port, std::uint16_t vip_port,
                     Bytes payload, const char* vip = place::vip);
PacketBuilder reply(forwarding::BackendIndex server, std::uint16_t server_port, const char* client,
                    std::uint16_t client_port, Bytes payload);

/// A client that has logged in through the bench, by the messages of a real login: IKE_SA_INIT on
/// 500, IKE_AUTH on 4500, ESP both ways.
struct Session {
    std::string client = place::client;
    std::uint16_t port_500 = 500;
    std::uint16_t port_4500 = 4500;
    std::uint64_t spi_i = 0x1111111111111111;
    std::uint64_t spi_r = 0x9999999999999999;
    std::string vip = place::vip;
    forwarding::BackendIndex backend = forwarding::no_backend;
    bool by_alias = false;  ///< the server sends from its alias

    PacketBuilder init() const;
    PacketBuilder init_answer() const;
    PacketBuilder auth() const;
    PacketBuilder auth_answer() const;
    PacketBuilder dpd() const;
    PacketBuilder dpd_answer() const;
    PacketBuilder esp_up(std::uint32_t spi = 0xc0000001) const;
    PacketBuilder esp_down(std::uint32_t spi = 0xd0000001) const;
    /// Any datagram of the server, from the service port.
    PacketBuilder answer(std::uint16_t server_port, Bytes payload) const;
};
/// The backend is the one that got the bench's IKE_SA_INIT. spi: of its first ESP.
Session log_in(Bench& bench, Session session = {}, std::uint32_t spi = 0xc0000001);

}  // namespace ikelb::testlib
