// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "tests/bench/rig.h"

#include <pthread.h>
#include <rte_cycles.h>
#include <rte_version.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#include <fstream>
#include <stdexcept>
#include <vector>

#include "controlplane/daemon/build_info.h"

namespace ikelb::bench {

namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

/// The value behind `key` on the first line of a file that begins with it.
std::string line_of(const char* file, const std::string& key) {
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(key)) {
            const std::size_t at = line.find_first_not_of(" \t:", key.size());
            return at == std::string::npos ? "" : line.substr(at);
        }
    return "";
}

std::uint64_t kib_of(const char* file, const std::string& key) {
    const std::string text = line_of(file, key);
    return text.empty() ? 0 : std::stoull(text) * 1024;
}

std::vector<unsigned> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    std::vector<unsigned> cpus;
    // The last first: interrupts mostly go to the first.
    for (unsigned cpu = CPU_SETSIZE; cpu-- > 0;)
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    return cpus;
}

}  // namespace

lcores::Eal Rig::start(std::uint64_t bytes, Pages pages) {
    // The tables ask for transparent huge pages by themselves: this takes them away.
    if (pages == Pages::small) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    const std::uint64_t needed = bytes + 64 * mib;
    lcores::EalOptions options;
    if (pages == Pages::small) options.huge_pages = lcores::HugePages::off;
    options.memory_mib = static_cast<unsigned>(needed / mib);
    options.needed_bytes = needed;
    return lcores::Eal::start(options).value();
}

Rig::Rig(std::size_t buffers, std::size_t frame, Pages pages, unsigned cpus, std::uint64_t more)
    : eal_{start(buffers * (frame + 512) + more, pages)},
      pool_{lcores::make_packet_pool("bench", static_cast<unsigned>(buffers),
                                     static_cast<unsigned>((frame + 127) / 64 * 64))
                .value()},
      cpus_{allowed_cpus()} {
    if (cpus_.size() < cpus)
        throw std::runtime_error{"this needs " + std::to_string(cpus) + " CPUs, but " +
                                 std::to_string(cpus_.size()) + " may be used"};
}

void Rig::take_cpu(unsigned n) const { bind({&cpus_.at(n), 1}); }
void Rig::take_all_cpus() const { bind(cpus_); }

void Rig::bind(std::span<const unsigned> cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const unsigned cpu : cpus) CPU_SET(cpu, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0)
        throw std::runtime_error{"CPU " + std::to_string(cpus.front()) + " could not be taken"};
}

std::string Rig::pages() const {
    const bool tables_are_huge = kib_of("/proc/self/smaps_rollup", "AnonHugePages") != 0;
    if (tables_are_huge == has_huge_pages()) return tables_are_huge ? "2M" : "4k";
    return tables_are_huge ? "tables 2M, packets 4k" : "tables 4k, packets 2M";
}

nlohmann::json environment_of(const Rig& rig) {
    utsname kernel{};
    uname(&kernel);
    return {{"cpu", line_of("/proc/cpuinfo", "model name")},
            {"cpus", allowed_cpus().size()},
            {"tsc_hz", rte_get_tsc_hz()},
            {"kernel", kernel.release},
            {"ikelb", daemon::build_version},
            {"compiler", daemon::build_compiler},
            {"march", daemon::build_march},
            {"dpdk", rte_version()},
            {"pages", rig.pages()},
            {"memory_bytes", kib_of("/proc/meminfo", "MemTotal")},
            {"burst", 32}};
}

std::uint64_t available_bytes() { return kib_of("/proc/meminfo", "MemAvailable"); }

std::uint64_t resident_bytes() {
    // VmRSS leaves out what hugetlbfs gives.
    return kib_of("/proc/self/status", "VmRSS") + kib_of("/proc/self/status", "HugetlbPages");
}

}  // namespace ikelb::bench
