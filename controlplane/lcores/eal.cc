// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/lcores/eal.h"

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <sched.h>

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace ikelb::lcores {
namespace {

std::string join(const std::vector<unsigned>& numbers) {
    std::string text;
    for (const unsigned number : numbers)
        text.append(text.empty() ? "" : ",").append(std::to_string(number));
    return text;
}

/// Lcore 0 and workers without their own CPU may run anywhere; a worker with a CPU only there.
std::string lcore_map(const EalOptions& options, const std::vector<unsigned>& allowed) {
    const std::string anywhere = join(allowed);
    std::string map{"0@("};
    map.append(anywhere).append(")");
    for (unsigned i = 0; i < options.workers; ++i) {
        map.append(",").append(std::to_string(i + 1)).append("@(");
        map.append(i < options.cpus.size() ? std::to_string(options.cpus[i]) : anywhere);
        map.append(")");
    }
    return map;
}

std::vector<unsigned> cpus_allowed() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<unsigned> cpus;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return {0};
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    return cpus;
}

std::uint64_t free_huge_page_bytes() {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (const auto& size :
         std::filesystem::directory_iterator{"/sys/kernel/mm/hugepages", error}) {
        // The folder of a size is called hugepages-2048kB.
        const std::string name = size.path().filename().string();
        std::ifstream file{size.path() / "free_hugepages"};
        std::uint64_t free = 0, kib = 0;
        if (std::sscanf(name.c_str(), "hugepages-%" SCNu64 "kB", &kib) == 1 && file >> free)
            bytes += free * kib * 1024;
    }
    return bytes;
}

}  // namespace

std::vector<std::string> eal_arguments(const EalOptions& options, bool use_huge_pages,
                                       const std::vector<unsigned>& allowed_cpus) {
    std::vector<std::string> arguments{"ikelbd", "--lcores", lcore_map(options, allowed_cpus),
                                       "--iova-mode=va", "--log-level=lib.eal:warning"};
    if (use_huge_pages) {
        arguments.insert(arguments.end(), {"--in-memory", "--single-file-segments"});
    } else {
        // EAL refuses --in-memory beside --no-huge; without shared files other processes' files are
        // not in the way.
        arguments.insert(arguments.end(), {"--no-huge", "--no-shconf", "--no-telemetry", "-m",
                                           std::to_string(options.memory_mib)});
    }
    if (options.pci.empty()) arguments.emplace_back("--no-pci");
    for (const std::string& address : options.pci)
        arguments.insert(arguments.end(), {"-a", address});
    arguments.insert(arguments.end(), options.extra.begin(), options.extra.end());
    return arguments;
}

dpdk::Result<Eal> Eal::start(const EalOptions& options) {
    const std::uint64_t free = free_huge_page_bytes();
    const bool has_huge_pages = free > 0 && free >= options.needed_bytes;
    if (options.huge_pages == HugePages::on && !has_huge_pages)
        return dpdk::Failure{
            "dpdk.huge_pages is on, but of " + std::to_string(options.needed_bytes >> 20) +
            " MiB that it takes " + std::to_string(free >> 20) +
            " are free; type `echo 512 > /proc/sys/vm/nr_hugepages`, or set dpdk.huge_pages: auto"};
    const bool use_huge_pages = has_huge_pages && options.huge_pages != HugePages::off;
    const auto arguments = eal_arguments(options, use_huge_pages, cpus_allowed());
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));  // EAL copies its arguments
    if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
        std::string line;
        for (const std::string& argument : arguments) line += " " + argument;
        return dpdk::Failure{std::string{"DPDK did not start: "} + rte_strerror(rte_errno) +
                             "; its own message stands above; the arguments were:" + line};
    }
    return Eal{use_huge_pages};
}

dpdk::Result<std::uint16_t> probe_port(const std::string& devargs) {
    const std::string name = devargs.substr(0, devargs.find(','));
    std::uint16_t port = 0;
    if (rte_eth_dev_get_port_by_name(name.c_str(), &port) == 0) return port;
    if (name == devargs && name.find(':') != std::string::npos)
        return dpdk::Failure{"no network device at PCI address " + devargs +
                             " that a DPDK driver has taken; `dpdk-devbind.py --status` lists "
                             "them, `dpdk-devbind.py -b vfio-pci " + devargs + "` binds one"};
    const int error = rte_dev_probe(devargs.c_str());
    if (error != 0)
        return dpdk::Failure{"DPDK could not make the device `" + devargs + "`: " +
                             rte_strerror(-error)};
    if (rte_eth_dev_get_port_by_name(name.c_str(), &port) != 0)
        return dpdk::Failure{"`" + devargs + "` is a DPDK device but no network port"};
    return port;
}

}  // namespace ikelb::lcores
