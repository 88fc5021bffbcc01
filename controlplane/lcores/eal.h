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
    std::vector<unsigned> cpus;  ///< one for each worker; empty: any the process may run on
    HugePages huge_pages = HugePages::automatic;
    unsigned memory_mib = 256;           ///< without huge pages
    std::uint64_t needed_bytes = 0;      ///< that huge pages must have free to be used
    std::vector<std::string> pci;        ///< PCI addresses to take
    std::vector<std::string> extra;      ///< appended as they are
};

/// The command line that EAL gets for the options, program name first. Pure but for the question
/// whether there are huge pages, which the caller answers.
std::vector<std::string> eal_arguments(const EalOptions& options, bool use_huge_pages,
                                       const std::vector<unsigned>& allowed_cpus);

/// DPDK's environment: once in a process. Lcore 0 is the calling thread's, 1..workers the
/// workers'. It ends with the process: rte_eal_cleanup() of DPDK 22.11 unmaps memory that its
/// interrupt thread may be using (closing a memif port makes the other end free its queues there),
/// and what it would give back the kernel takes back anyway; no files are left, see
/// eal_arguments().
class Eal {
public:
    static dpdk::Result<Eal> start(const EalOptions& options);

    bool uses_huge_pages() const noexcept { return uses_huge_pages_; }

private:
    explicit Eal(bool uses_huge_pages) noexcept : uses_huge_pages_{uses_huge_pages} {}

    bool uses_huge_pages_;
};

/// The id of the port that a PCI address or vdev string stands for, probed if need be.
/// devargs: 0000:03:00.0, or NAME,key=value,...
dpdk::Result<std::uint16_t> probe_port(const std::string& devargs);

}  // namespace ikelb::lcores
