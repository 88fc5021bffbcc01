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

struct TownOptions {
    Family family = Family::v4;
    std::size_t clients = 1024;  ///< the session tables are made for just so many
    std::size_t half_open = sessions::SessionLimits{}.half_open;
};

/// A farm with one service, an address of each family, four servers of each, and the limits on
/// abuse that ikelbd ships with; and session tables with established clients, numbered from 0. All
/// that they have, the packet path has learned from their packets: or bulk writing has put the same
/// there, which is faster, and which a test holds to it.
/// Time begins as the dataplane's does and stands still unless it is advanced. Threads: one, until
/// it has been built; then see sessions::SessionTables.
class Town {
public:
    explicit Town(const TownOptions& options);

    const TownOptions& options() const noexcept { return options_; }
    const forwarding::ForwardingTable& table() const noexcept { return *table_; }
    sessions::SessionTables& sessions() const noexcept { return *sessions_; }
    const sessions::SessionLimits& limits() const noexcept { return limits_; }

    forwarding::Seconds now() const noexcept {
        return static_cast<forwarding::Seconds>(micros_ / second) + first_second;
    }
    std::uint64_t now_micros() const noexcept { return micros_; }
    void advance(std::uint64_t micros) noexcept { micros_ += micros; }

    /// The service of its family; its frontends are numbers 2 * service() and the next.
    forwarding::ServiceIndex service() const noexcept {
        return options_.family == Family::v4 ? 0 : 1;
    }
    Client client(std::size_t number) const noexcept { return client_of(number, options_.family); }
    /// Where the scheduler sends a client of whom nothing is known.
    forwarding::BackendIndex backend_of(const Client& client) const noexcept;
    const net::IpAddress& address_of(forwarding::BackendIndex backend) const noexcept {
        return table_->backends[backend].homes[options_.family == Family::v6].address;
    }
    FrameMaker frames(std::size_t esp_frame) const;

    /// The packets of an arrival, from the IKE_SA_INIT to ESP by the second SPI: slower, by half a
    /// million clients in some seconds. Throws std::runtime_error if the packet path refuses one.
    void establish_by_packets(std::size_t first, std::size_t count);
    /// Writes what those packets leave behind; many at once on two CPUs, if the thread may use as
    /// many. Throws if a table has no room.
    void establish_in_bulk(std::size_t first, std::size_t count);
    /// The same into session tables made for limits() and the table's hash key.
    void establish_in_bulk(std::size_t first, std::size_t count, sessions::SessionTables& into);

    /// All that packets renew of these established clients is as fresh as can be: their flows,
    /// persistence records and claims.
    void refresh(std::size_t first, std::size_t count);

    /// So many may log in within a second without a limit being met.
    static constexpr std::size_t logins_per_second = 6000;
    static constexpr forwarding::Seconds first_second = 31 * 24 * 3600;  ///< of worker::Clock

private:
    static constexpr std::uint64_t second = 1'000'000;

    void establish_in_turn(std::size_t first, std::size_t count, sessions::SessionTables& d);
    void prefetch_client(std::size_t number, const sessions::SessionTables& d) const;
    void write_client(std::size_t number, sessions::SessionTables& d);
    void write_flows(const Client& c, sessions::SessionTables& d);
    void write_sa(const Client& c, sessions::SessionTables& d);
    void write_claim(const Client& c, std::uint32_t spi, forwarding::Seconds seen,
                     sessions::SessionTables& d);
    sessions::Flow flow_record(const Client& c) const noexcept;
    sessions::FlowKey flow_of(const Client& client) const noexcept;

    TownOptions options_;
    std::unique_ptr<forwarding::ForwardingTable> table_;
    sessions::SessionLimits limits_;
    std::unique_ptr<sessions::SessionTables> sessions_;
    std::uint64_t micros_ = 0;
};

/// The farm of a town: clients' side on port 0, servers' on port 1.
testlib::TableSpec farm();

}  // namespace ikelb::bench
