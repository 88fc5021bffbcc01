// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "controlplane/lcores/eal.h"
#include "controlplane/lcores/port.h"

namespace ikelb::bench {

enum class Pages : std::uint8_t { any, small };

/// Where a measurement takes place: EAL, packet buffers, the CPU, the pages.
class Rig {
public:
    /// cpus: that threads of measurements are to have, one each; fewer than asked for throw
    /// std::runtime_error, as does whatever EAL does not like.
    /// more: bytes of EAL's memory beside the packet buffers.
    Rig(std::size_t buffers, std::size_t frame, Pages pages, unsigned cpus = 1,
        std::uint64_t more = 0);

    rte_mempool& pool() const noexcept { return *pool_; }
    /// Binds the calling thread to the n-th of the rig's CPUs.
    void take_cpu(unsigned n = 0) const;
    /// Lets the calling thread, and those it starts from now on, run on all of them.
    void take_all_cpus() const;
    bool has_huge_pages() const noexcept { return eal_.uses_huge_pages(); }

    /// "2M", "4k" or what lies where: of the packet buffers and, as the kernel has granted them by
    /// now, of the tables.
    std::string pages() const;

private:
    static lcores::Eal start(std::uint64_t bytes, Pages pages);

    static void bind(std::span<const unsigned> cpus);

    lcores::Eal eal_;
    lcores::Mempool pool_;
    std::vector<unsigned> cpus_;
};

/// CPU, clock, compiler, DPDK, pages: what a figure depends on.
nlohmann::json environment_of(const Rig& rig);

/// Memory that could be had without swapping, as the kernel estimates it.
std::uint64_t available_bytes();

/// Of this process, as the kernel counts it: RSS, huge pages included.
std::uint64_t resident_bytes();

}  // namespace ikelb::bench
