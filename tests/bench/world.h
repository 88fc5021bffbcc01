// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dataplane/pipeline/pipeline.h"
#include "tests/bench/frames.h"
#include "tests/testlib/table_spec.h"

namespace ikelb::bench {

struct WorldOptions {
    Family family = Family::v4;
    std::size_t clients = 1024;   ///< the directory is made for just so many
    bool has_two_flows = false;   ///< a second established flow for each, on port 500
    std::size_t half_open = tables::DirectoryLimits{}.half_open;
};

/// A farm with one service, an address of each family, four servers of each, and the limits on
/// abuse that ikelbd ships with; and a directory with established clients, numbered from 0. All
/// that they have, the packet path has learned from their packets: or bulk writing has put the same
/// there, which is faster, and which a test holds to it.
/// Time stands still unless it is advanced. Threads: one, until it has been built; then see
/// tables::Directory.
class World {
public:
    explicit World(const WorldOptions& options);

    const WorldOptions& options() const noexcept { return options_; }
    const tables::ForwardingTable& table() const noexcept { return *table_; }
    tables::Directory& directory() const noexcept { return *directory_; }
    const tables::DirectoryLimits& limits() const noexcept { return limits_; }

    tables::Seconds now() const noexcept { return static_cast<tables::Seconds>(micros_ / second); }
    std::uint64_t now_micros() const noexcept { return micros_; }
    void advance(std::uint64_t micros) noexcept { micros_ += micros; }

    /// The service of its family; its frontends are numbers 2 * service() and the next.
    tables::ServiceIndex service() const noexcept {
        return options_.family == Family::v4 ? 0 : 1;
    }
    Client client(std::size_t number) const noexcept { return client_of(number, options_.family); }
    /// Where the scheduler sends a client of whom nothing is known.
    tables::BackendIndex backend_of(const Client& client) const noexcept;
    const net::IpAddress& address_of(tables::BackendIndex backend) const noexcept {
        return table_->backends[backend].address;
    }
    FrameMaker frames(std::size_t esp_frame) const;

    /// The packets of a life, from the IKE_SA_INIT to ESP by the second SPI: slower, by half a
    /// million clients in some seconds. Throws std::runtime_error if the packet path refuses one.
    void establish_by_packets(std::size_t first, std::size_t count);
    /// Writes what those packets leave behind. Throws if a table has no room.
    void establish_in_bulk(std::size_t first, std::size_t count);
    /// The same into a directory made for limits() and the table's hash key.
    void establish_in_bulk(std::size_t first, std::size_t count, tables::Directory& into);

    /// So many may log in within a second without a limit being met.
    static constexpr std::size_t logins_per_second = 6000;

private:
    static constexpr std::uint64_t second = 1'000'000;

    void write_client(std::size_t number, tables::Directory& d);
    void write_flows(const Client& c, tables::Directory& d);
    void write_sa(const Client& c, tables::Directory& d);
    tables::FlowKey flow_of(const Client& client, std::uint16_t port) const noexcept;
    tables::Record record_of(const Client& client, tables::RecordState state,
                             tables::GatewayIndex gateway = tables::no_gateway) const noexcept;

    WorldOptions options_;
    std::unique_ptr<tables::ForwardingTable> table_;
    tables::DirectoryLimits limits_;
    std::unique_ptr<tables::Directory> directory_;
    std::uint64_t micros_ = 1000 * second;
};

/// The farm of a world: clients' side on port 0, servers' on port 1.
testlib::TableSpec farm();

}  // namespace ikelb::bench
