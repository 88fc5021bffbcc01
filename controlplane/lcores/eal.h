// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/dpdk/result.h"

namespace ikelb::lcores {

enum class HugePages : std::uint8_t { automatic, on, off };

struct EalOptions {
    unsigned workers = 1;
    std::vector<unsigned> cpus;  ///< one per worker; empty: any CPU that the process may use
    HugePages huge_pages = HugePages::automatic;
    unsigned memory_mib = 256;           ///< without huge pages
    std::uint64_t needed_bytes = 0;      ///< free huge pages needed to use them
    std::vector<std::string> pci;        ///< PCI addresses to take
    std::vector<std::string> extra;      ///< appended as they are
};

/// EAL's command line for the options, program name first. Pure: the caller says whether there are
/// huge pages.
std::vector<std::string> eal_arguments(const EalOptions& options, bool use_huge_pages,
                                       const std::vector<unsigned>& allowed_cpus);

/// DPDK's environment: one in a process. Lcore 0 is the calling thread's, 1..workers the workers'.
/// It ends with the process: rte_eal_cleanup() of DPDK 22.11 unmaps memory that its interrupt
/// thread may use (after the close of a memif port the other end frees its queues there). The
/// kernel reclaims all memory, and no files are left, see eal_arguments().
class Eal {
public:
    static dpdk::Result<Eal> start(const EalOptions& options);

    bool uses_huge_pages() const noexcept { return uses_huge_pages_; }

private:
    explicit Eal(bool uses_huge_pages) noexcept : uses_huge_pages_{uses_huge_pages} {}

    bool uses_huge_pages_;
};

/// The port id of a PCI address or vdev string, probed if need be.
/// devargs: 0000:03:00.0, or NAME,key=value,...
dpdk::Result<std::uint16_t> probe_port(const std::string& devargs);

}  // namespace ikelb::lcores
